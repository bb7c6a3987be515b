"""What takes the place of `owui-keygate keys` on Windows."""

from __future__ import annotations

from typing import Annotated

import typer

from owui_keygate.commands.keys.exit_codes import ExitCode

REFUSAL = (
    "Nothing was done: on Windows, owui-keygate keys cannot keep the file of a key for its owner "
    "alone. Sign in and make the key in Settings > Account"
)


def refuse(
    _words: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
) -> None:
    """Create, list, rotate and revoke API keys. This is not available on Windows."""
    typer.echo(REFUSAL, err=True)
    raise typer.Exit(ExitCode.REFUSED)

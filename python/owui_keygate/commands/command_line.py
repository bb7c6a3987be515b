"""A command line that never repeats what was typed, which may be a key or a password."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click import Context

_CREDENTIAL = re.compile(
    # API keys have 32 hex digits (`create_api_key` of Open WebUI). Keys of other services begin in
    # the same way, and so does a key that was cut. E-mail addresses may begin with `sk-`, too.
    r"sk-[0-9a-f]{12,}|sk-[\w-]{16,}(?![\w.+-]*@)"
    # A JSON object in base64url begins like this, and so does every JSON Web Token.
    r"|eyJ[\w-]{8,}\.[\w-]+",
    re.IGNORECASE,
)
REFUSAL = (
    "Nothing was done: the command line contains an API key or a session token, which is now in "
    "your shell's history and could be read by any process on this machine. Revoke the key by its "
    "fingerprint: `tr -d '\\n' < FILE | sha256sum | cut -c1-8` prints it for a key in a file, "
    '`printf %s "$KEY" | sha256sum | cut -c1-8` for a key in a variable. A session token stays '
    "valid until its session ends"
)
_UsageError: Any = typer.BadParameter.__base__
"""Newer releases of typer contain their own copy of click, under another name."""
_OUR_OWN = {"BadParameter", "MissingParameter", "BadOptionUsage"}
"""The usage errors whose texts name parameters and repeat nothing that was typed."""


class DiscreetGroup(TyperGroup):
    """A group that refuses credentials on the command line, and whose errors repeat no argument."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: Context | None = None,
        **extra: object,
    ) -> Context:
        """Parse the options before the command."""
        # A shell that asks for completions would show the refusal amid what is being typed.
        completing = bool(extra.get("resilient_parsing"))
        if not completing and any(map(_CREDENTIAL.search, args)):
            typer.echo(REFUSAL, err=True)
            raise typer.Exit(2)
        with _discreet():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Context) -> object:
        """Parse the rest and run the command."""
        with _discreet():
            return super().invoke(ctx)


@contextmanager
def _discreet() -> Iterator[None]:
    """Replace the text of a usage error that may repeat an argument."""
    try:
        yield
    except _UsageError as error:
        if type(error).__name__ not in _OUR_OWN:
            error.message = (
                "Unexpected word on the command line: see --help. The word is not repeated here, "
                "because it may be a secret"
            )
        raise

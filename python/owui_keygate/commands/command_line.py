"""A command line that never repeats what was typed, as that may be a key or a password."""

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
    # API keys are 32 hex digits (`create_api_key` of Open WebUI); others begin in the same way, and
    # so does what is left of one that was cut. An address may begin with `sk-`, too.
    r"sk-[0-9a-f]{12,}|sk-[\w-]{16,}(?![\w.+-]*@)"
    # A JSON object in base64url begins like this, and so does each JSON Web Token.
    r"|eyJ[\w-]{8,}\.[\w-]+",
    re.IGNORECASE,
)
REFUSAL = (
    "Nothing was done: an API key or a session token is on the command line, so it is in your "
    "shell's history, and every process here could read it. Revoke the key by its fingerprint, "
    "which is what `tr -d '\\n' < FILE | sha256sum | cut -c1-8` prints for the file that holds the "
    'key, or `printf %s "$KEY" | sha256sum | cut -c1-8` for a variable; a session token ends with '
    "its session"
)
_UsageError: Any = typer.BadParameter.__base__
"""Newer releases of typer bring a click of their own, under another name."""
_OUR_OWN = {"BadParameter", "MissingParameter", "BadOptionUsage"}
"""The usage errors that name parameters, and of what was typed nothing."""


class DiscreetGroup(TyperGroup):
    """A group that refuses a command line with a credential and whose errors repeat no argument."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: Context | None = None,
        **extra: object,
    ) -> Context:
        """Parse the options before the command."""
        if any(map(_CREDENTIAL.search, args)):
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
    """Replace the text of a usage error that may hold an argument."""
    try:
        yield
    except _UsageError as error:
        if type(error).__name__ not in _OUR_OWN:
            error.message = (
                "There is a word here that no command or option takes: see --help. It is not "
                "repeated, as it may be a secret"
            )
        raise

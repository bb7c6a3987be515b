"""The command `owui-keygate`."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from owui_keygate._native import __version__
from owui_keygate.commands.command_line import DiscreetGroup
from owui_keygate.commands.doctor import diagnosis, quick
from owui_keygate.commands.needs_posix import refuse
from owui_keygate.commands.policy import commands as policy
from owui_keygate.commands.progress import Progress

app = typer.Typer(
    cls=DiscreetGroup,
    help="Let administrators' API keys work on Open WebUI while API keys are off for the rest.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
if find_spec("pwd") is None:
    app.command("keys", context_settings={"ignore_unknown_options": True})(refuse)
else:
    from owui_keygate.commands.keys import commands as keys

    app.add_typer(keys.app, name="keys")
app.add_typer(policy.app, name="policy")


def _show_version(*, value: bool) -> None:
    if value:
        typer.echo(f"owui-keygate {__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Handle the options before a command."""


@app.command()
def doctor(
    *,
    is_quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Do not import Open WebUI: read its source files, the start-up file and the "
            "settings only. For health checks.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check whether owui-keygate is active on the Open WebUI of this environment.

    Run the command with the server's environment variables. It imports Open WebUI with a temporary
    data directory, which takes a few seconds, or half a minute where Python has not compiled Open
    WebUI's packages yet. With --quick it imports nothing, and says whether anything that it can
    read keeps owui-keygate from being active. It starts no server and changes nothing.

    Exit codes: 0 active, or ready with --quick; 1 not active or not ready, or a setting is
    invalid; 2 no supported Open WebUI found.
    """
    found, lines = _look_quickly() if is_quick else _import_host()
    if as_json:
        summary = {"verdict": found.verdict, "exit_code": int(found.code)}
        typer.echo(json.dumps(summary | found.facts, indent=2))
    else:
        for line in lines:
            typer.echo(line)
    sys.exit(found.code)


def _import_host() -> tuple[diagnosis.Diagnosis, list[str]]:
    with Progress("Importing Open WebUI with a temporary data directory"):
        found = diagnosis.diagnose()
    return found, diagnosis.render(found)


def _look_quickly() -> tuple[diagnosis.Diagnosis, list[str]]:
    found = quick.look()
    return found, quick.render(found)

"""The command line of `owui-keygate policy`: its commands and options."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from owui_keygate._native import Transport, parse_duration
from owui_keygate.commands.policy import answer, cases, checking, question
from owui_keygate.commands.policy.loading import (
    POLICY_FILE,
    SettingsError,
    Target,
    load_policy,
    target_of,
)
from owui_keygate.commands.policy.schema import schema
from owui_keygate.panics import PanicError, as_errors
from owui_keygate.settings.presets import PRESETS, presets_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

app = typer.Typer(
    help="Check the policy file, and ask what it allows. No command needs a running server, and "
    "none changes anything.",
    no_args_is_help=True,
)


class ExitCode(IntEnum):
    """How the commands end."""

    FINE = 0
    FAULT = 1
    USAGE = 2


def _end(message: str) -> NoReturn:
    """End because there is nothing to answer."""
    typer.echo(message, err=True)
    sys.exit(ExitCode.USAGE)


@contextmanager
def _answering() -> Iterator[None]:
    """End with a line where there is no answer."""
    try:
        with as_errors():
            yield
    except (PanicError, SettingsError, cases.CasesError) as error:
        _end(f"No answer: {error}")


def _parser(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return what reads an argument; an error in it is one of the command line."""

    def parse(text: str) -> Any:  # noqa: ANN401 (whatever is read)
        with _answering():
            try:
                return read(text)
            except ValueError as error:
                raise typer.BadParameter(str(error)) from error

    # The help shows it as the type of an argument.
    parse.__name__ = "text"
    return parse


def _print(facts: object, lines: list[str], *, as_json: bool) -> None:
    typer.echo(json.dumps(facts, indent=2) if as_json else "\n".join(lines))


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Release = Annotated[
    Target | None,
    typer.Option(
        parser=_parser(target_of),
        metavar="X.Y.Z",
        help="The release of Open WebUI whose presets count. Default: the one that is installed "
        "here, or else the newest that owui-keygate was tested with.",
    ),
]
Policy = Annotated[
    Path | None,
    typer.Option(
        parser=Path,
        metavar="FILE",
        help=f"Ask this policy file, with the bypass on, instead of the one that {POLICY_FILE} "
        "names. The other limits of the environment hold in any case.",
    ),
]


@app.command(epilog="Exit codes: 0 the file is fine; 1 it has faults; 2 no file was named.")
def check(
    file: Annotated[
        Path | None,
        typer.Argument(
            parser=Path, metavar="[FILE]", help=f"The file. Default: what {POLICY_FILE} names."
        ),
    ] = None,
    *,
    release: Release = None,
    as_json: AsJson = False,
) -> None:
    """Check a policy file: print every fault with its line and column, and what was expected.

    Run it in CI before the file reaches the server, which would leave the bypass off. Accounts that
    have no endpoints, or dangerous ones, are warned of; a warning is not a fault.
    """
    named = file or os.environ.get(POLICY_FILE)
    if not named:
        _end(f"No answer: name a file, or set {POLICY_FILE}")
    with _answering():
        checked = checking.check(Path(named), (release or target_of(None)).release)
    _print(checking.facts_of(checked), checking.render(checked), as_json=as_json)
    sys.exit(ExitCode.FAULT if checked.faults else ExitCode.FINE)


@app.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of the policy file, for editors that complete and check TOML."""
    typer.echo(json.dumps(schema(), indent=2))


@app.command()
def presets(*, release: Release = None, as_json: AsJson = False) -> None:
    """List the presets, such as @status, and the endpoints that each stands for.

    A preset depends on the release of Open WebUI, because routes come and go.
    """
    target = release or target_of(None)
    listed = presets_of(target.release)
    lines = [f"{target}"]
    for name, endpoints in listed.items():
        lines += ["", f"@{name}: {PRESETS[name].meaning}", *(f"  {each}" for each in endpoints)]
    facts = {
        "release": ".".join(map(str, target.release)),
        "presets": {
            name: {"meaning": PRESETS[name].meaning, "endpoints": endpoints}
            for name, endpoints in listed.items()
        },
    }
    _print(facts, lines, as_json=as_json)


@app.command(
    epilog="Exit codes: 0 the request is allowed; 1 it is refused; 2 the command line or a setting "
    "is invalid."
)
def explain(  # noqa: PLR0913 (they are the options)
    method: Annotated[
        str, typer.Argument(parser=_parser(question.method_of), metavar="METHOD", help="GET.")
    ],
    path: Annotated[
        str,
        typer.Argument(
            parser=_parser(question.path_of), metavar="PATH", help="The path, without a query."
        ),
    ],
    *,
    user: Annotated[
        str,
        typer.Option(metavar="ID|EMAIL", help="The user of the key, by id or by e-mail address."),
    ],
    email: Annotated[
        str | None,
        typer.Option(
            metavar="EMAIL",
            help="The e-mail address of a user who is named by id: an account of the policy file "
            "may name either.",
        ),
    ] = None,
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="The role of the user in Open WebUI.")
    ] = "admin",
    transport: Annotated[
        Transport | None,
        typer.Option(
            parser=_parser(question.transport_of),
            metavar="|".join(question.TRANSPORTS),
            help="How the key travels. Default: bearer.",
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--from",
            parser=_parser(question.address_of),
            metavar="IP",
            help="The address of the client, as the server sees it.",
        ),
    ] = None,
    age: Annotated[
        int | None,
        typer.Option(
            parser=_parser(parse_duration),
            metavar="DURATION",
            help="How old the key is: 90d, 12h, 30m or 45s. Default: made just now.",
        ),
    ] = None,
    keys_off: Annotated[
        bool, typer.Option("--keys-off", help="API keys are off in Open WebUI. Default: on.")
    ] = False,
    host_endpoints: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Open WebUI's own endpoint list. Default: not in force."),
    ] = None,
    no_permission: Annotated[
        bool,
        typer.Option(
            "--no-permission",
            help="The user, who is no administrator, lacks the permission features.api_keys.",
        ),
    ] = False,
    policy: Policy = None,
    release: Release = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a request with an API key would pass, and why.

    The answer comes from the function that decides in the server. It names the account, the entry
    that covers the request or the limit that refuses it, and why Open WebUI's own rules would
    refuse. Run the command with the server's environment variables, or name a file with --policy.

    owui-keygate policy explain --user terraform@example.org --from 10.20.0.7 POST
    /api/v1/groups/create
    """
    try:
        user_id, user_email = question.names_of(user, email)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    asked = question.Question(
        user=user_id,
        email=user_email,
        role=role,
        transport=transport or Transport.Bearer,
        address=address,
        age=age or 0,
        method=method,
        path=path,
        keys_off=keys_off,
        host_endpoints=host_endpoints,
        permitted=not no_permission,
    )
    with _answering():
        found = answer.ask(load_policy(policy, (release or target_of(None)).release), asked)
    _print(found._asdict(), answer.render(found), as_json=as_json)
    sys.exit(ExitCode.FINE if found.allowed else ExitCode.FAULT)


@app.command(
    "test",
    epilog="Exit codes: 0 all answers are as expected; 1 some are not; 2 the file of the cases or "
    "a setting is invalid.",
)
def ask_cases(
    file: Annotated[
        Path, typer.Argument(parser=Path, metavar="CASES.toml", help="The file of the cases.")
    ],
    *,
    policy: Policy = None,
    release: Release = None,
    as_json: AsJson = False,
) -> None:
    """Ask a list of questions, and print those whose answers are not as expected.

    The TOML file is a list of tables named `case`. Each has the members user, request, such as
    "POST /api/v1/auths/add", and expect, which is "allowed" or "refused". It may have name, email,
    role, transport, from, age, keys_off, host_endpoints, permitted, decision and account, which
    mean what the options and the answers of `explain` mean.
    """
    with _answering():
        listed = cases.read_cases(file)
        loaded = load_policy(policy, (release or target_of(None)).release)
        found = cases.differences(loaded, listed)
    facts = {"cases": len(listed), "differences": [each._asdict() for each in found]}
    _print(facts, cases.render(found, len(listed)), as_json=as_json)
    sys.exit(ExitCode.FAULT if found else ExitCode.FINE)

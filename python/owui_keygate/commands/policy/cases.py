"""Questions in a file, with the answers that are expected."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from owui_keygate._native import parse_duration
from owui_keygate.commands.policy.answer import ask
from owui_keygate.commands.policy.question import (
    Question,
    address_of,
    method_of,
    names_of,
    path_of,
    transport_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from owui_keygate._native import Policy
    from owui_keygate.commands.policy.answer import Answer

EXPECTATIONS = {"allowed": True, "refused": False}
_TEXT, _SWITCH = "a text in quotation marks", "true or false"
_MEMBERS: dict[str, tuple[type, str]] = {
    "name": (str, _TEXT),
    "user": (str, _TEXT),
    "email": (str, _TEXT),
    "role": (str, _TEXT),
    "transport": (str, _TEXT),
    "from": (str, _TEXT),
    "age": (str, _TEXT),
    "request": (str, _TEXT),
    "keys_off": (bool, _SWITCH),
    "host_endpoints": (str, _TEXT),
    "permitted": (bool, _SWITCH),
    "expect": (str, _TEXT),
    "decision": (str, _TEXT),
    "account": (str, _TEXT),
}
"""The members of a case, with their types."""
_REQUIRED = ("user", "request", "expect")


class CasesError(Exception):
    """The file cannot be used; the message says why, and repeats nothing of it."""


class Case(NamedTuple):
    """A question and the answer that is expected.

    Attributes:
        name: What to call it.
        question: The question.
        allowed: Whether the request is to pass.
        expected: Further members of the answer, by their names.
    """

    name: str
    question: Question
    allowed: bool
    expected: dict[str, str]


class Difference(NamedTuple):
    """A case whose answer is not the expected one.

    Attributes:
        case: The name of the case.
        expected: What was expected.
        found: What the answer is.
        reason: Why, for people.
    """

    case: str
    expected: str
    found: str
    reason: str


def read_cases(file: Path) -> list[Case]:
    """Return the cases of a file.

    Raises:
        CasesError: The file cannot be read, or is no list of cases.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"the file of the cases cannot be read ({error.strerror})"
        raise CasesError(message) from error
    except ValueError as error:
        # It is no TOML, or no UTF-8.
        message = "the file of the cases is not TOML: see https://toml.io"
        raise CasesError(message) from error
    cases = table.get("case")
    is_list = isinstance(cases, list) and all(isinstance(case, dict) for case in cases)
    if table.keys() != {"case"} or not is_list:
        message = "the file of the cases: expected tables [[case]] and nothing else"
        raise CasesError(message)
    return [_case(place, case) for place, case in enumerate(table["case"], 1)]


def _case(place: int, members: dict[str, Any]) -> Case:
    try:
        _check(members)
        question = _question(members)
    except ValueError as error:
        message = f"case {place}: {error}"
        raise CasesError(message) from error
    return Case(
        name=members.get("name", f"case {place}"),
        question=question,
        allowed=EXPECTATIONS[members["expect"]],
        expected={name: members[name] for name in ("decision", "account") if name in members},
    )


def _check(members: dict[str, Any]) -> None:
    """Check the names and the types of the members.

    Raises:
        ValueError: They are not those of a case.
    """
    message = None
    for name, value in members.items():
        if name not in _MEMBERS:
            message = f"has an unknown member: expected {', '.join(_MEMBERS)}"
            break
        kind, expected = _MEMBERS[name]
        if type(value) is not kind:
            message = f"{name}: expected {expected}"
            break
    missing = [name for name in _REQUIRED if name not in members]
    if message is None and missing:
        message = f"expected a member {missing[0]}"
    if message is None and members["expect"] not in EXPECTATIONS:
        message = 'expect: expected "allowed" or "refused"'
    if message is not None:
        raise ValueError(message)


def _question(members: dict[str, Any]) -> Question:
    words = members["request"].split()
    if len(words) != len(("method", "path")):
        message = "request: expected a method and a path, such as GET /api/v1/users"
        raise ValueError(message)
    user, email = names_of(members["user"], members.get("email"))
    optional: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "role": ("role", str),
        "transport": ("transport", transport_of),
        "from": ("address", address_of),
        "age": ("age", parse_duration),
        "keys_off": ("keys_off", bool),
        "host_endpoints": ("host_endpoints", str),
        "permitted": ("permitted", bool),
    }
    given: dict[str, Any] = {}
    for member, (name, read) in optional.items():
        if member in members:
            try:
                given[name] = read(members[member])
            except ValueError as error:
                message = f"{member}: {error}"
                raise ValueError(message) from error
    return Question(
        user=user, email=email, method=method_of(words[0]), path=path_of(words[1]), **given
    )


def differences(policy: Policy, cases: list[Case]) -> list[Difference]:
    """Return the cases whose answers are not the expected ones."""
    compared = ((case, ask(policy, case.question)) for case in cases)
    return [
        _difference(case, answer)
        for case, answer in compared
        if _expected(case) != _found(case, answer)
    ]


def _difference(case: Case, answer: Answer) -> Difference:
    return Difference(
        case=case.name,
        expected=", ".join(_expected(case)),
        found=", ".join(_found(case, answer)),
        reason=answer.reason,
    )


def _expected(case: Case) -> list[str]:
    return [_word(case.allowed), *(f"{name} {value}" for name, value in case.expected.items())]


def _found(case: Case, answer: Answer) -> list[str]:
    named = answer._asdict()
    return [_word(answer.allowed), *(f"{name} {named[name] or 'none'}" for name in case.expected)]


def _word(allowed: bool) -> str:  # noqa: FBT001 (it is the one argument)
    return "allowed" if allowed else "refused"


def render(found: list[Difference], count: int) -> list[str]:
    """Return the differences as lines for people, and how many cases there were."""
    lines = [
        f"{each.case}: expected {each.expected}, found {each.found}: {each.reason}"
        for each in found
    ]
    cases = "1 case" if count == 1 else f"{count} cases"
    differing = "all as expected" if not found else f"{len(found)} not as expected"
    return [*lines, f"{cases}, {differing}"]

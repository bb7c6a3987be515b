"""The JSON Schema of the policy file, against the reader of the file."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from owui_keygate._native import check_policy_file
from owui_keygate.commands.policy.schema import schema
from owui_keygate.settings.presets import PRESETS, presets_of

from tests.support.policy_file import FILE, ID, run, write

if TYPE_CHECKING:
    from pathlib import Path

VALIDATOR = Draft202012Validator(schema())
NEWEST = presets_of((0, 12, 4))


def is_valid(text: str) -> bool:
    """Whether a file is valid, turned into JSON."""
    as_json = json.loads(json.dumps(tomllib.loads(text)))
    return bool(VALIDATOR.is_valid(as_json))


def is_read(folder: Path, text: str) -> bool:
    """Whether the reader of the file finds no fault."""
    return check_policy_file(write(folder, text), NEWEST) == []


def account(**members: Any) -> str:
    """Return a file with one account."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in ({"user": "a@b"} | members).items()]
    return "\n".join(["[account.x]", *lines])


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(schema())
    done = run("schema")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == schema()


@pytest.mark.parametrize(
    "text",
    [
        "",
        FILE,
        'default = "bypass"',
        account(user=ID),
        account(endpoints=["*", "GET *", "/a/{id}/b$", "GET|M-SEARCH  /a", "/", "/a,b", "/a$b"]),
        account(endpoints=[f"@{name}" for name in PRESETS]),
        account(networks=["10.0.0.0/8", "::/0", "192.0.2.7", "::ffff:10.0.0.0/104"]),
        account(max_age="007d"),
    ],
)
def test_what_is_read_is_valid(tmp_path: Path, text: str) -> None:
    assert is_read(tmp_path, text)
    assert is_valid(text)


@pytest.mark.parametrize(
    "text",
    [
        "default = true",
        'default = "allow"',
        "defaults = 1",
        "account = 1",
        "account.x = 1",
        "[account.x]",
        '[account."a b"]\nuser = "a@b"',
        f"[account.{'x' * 65}]\nuser = 'a@b'",
        account(user="nobody"),
        account(user="a@b@c"),
        account(user=1),
        account(usr="a@b"),
        account(endpoints=[]),
        account(endpoints="/a"),
        account(endpoints=[1]),
        account(endpoints=["api/models"]),
        account(endpoints=["get /a"]),
        account(endpoints=["GET|get /a"]),
        account(endpoints=["/a/*"]),
        account(endpoints=["/a?b"]),
        account(endpoints=["/a/{id:path}"]),
        account(endpoints=["/a/x{id}"]),
        account(endpoints=["@statu"]),
        account(endpoints=["GET @status"]),
        account(networks=[]),
        account(networks=["local"]),
        account(max_age="90"),
        account(max_age="0d"),
        account(max_age="1000000d"),
        account(max_age=90),
    ],
)
def test_what_is_not_read_is_not_valid(tmp_path: Path, text: str) -> None:
    assert not is_read(tmp_path, text)
    assert not is_valid(text)


ENTRIES = st.from_regex(
    r"((GET|PUT|get|)(\|POST)? ?)?(/(a|\{x\}|\{|\*|\.\.|%|))*\$?", fullmatch=True
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entry=ENTRIES)
def test_an_endpoint_is_valid_if_and_only_if_it_is_read(tmp_path: Path, entry: str) -> None:
    text = account(endpoints=[entry.strip()])
    assert is_valid(text) == is_read(tmp_path, text)

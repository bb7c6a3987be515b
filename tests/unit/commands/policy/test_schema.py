"""The JSON Schema of the policy file, against the reader of the file."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, event, given, settings
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
    r"((GET|PUT|M-SEARCH|get|)(\|POST)? ?)?"
    r"(/(a|a-b\.c~|\{x\}|\{_y2\}|\{|\{x:path\}|\*|\.\.|%|))*\$?",
    fullmatch=True,
)
RIGHT_ENTRIES = st.from_regex(
    r"((GET|PUT|M-SEARCH)(\|POST)? )?(/(a|a-b\.c~|\{x\}|\{_y2\}|\.\.|%|))+\$?", fullmatch=True
)
SPACED = st.sampled_from(["{}", " {}", "{} ", "\t{}\u2003"])


@given(entry=ENTRIES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_endpoint_is_valid_if_and_only_if_it_is_read(tmp_path: Path, entry: str) -> None:
    text = account(endpoints=[entry])
    assert is_valid(text) == is_read(tmp_path, text)


def mostly(right: st.SearchStrategy[Any], wrong: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return what is right, and once in sixteen times what is wrong."""
    return st.integers(1, 16).flatmap(lambda number: wrong if number == 1 else right)


def mixed(right: st.SearchStrategy[str], *wrong: object) -> st.SearchStrategy[object]:
    """Return what is right, with white space around it now and then, or more rarely wrong."""
    spaced = st.builds(str.format, SPACED, right)
    return mostly(right | spaced, st.sampled_from([*wrong, "", 1, True, [], {}]))


def listed(entries: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    some = st.lists(entries, min_size=1, max_size=3)
    return mostly(some, st.sampled_from(["/a", []]))


RIGHT_NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,3}", fullmatch=True)
NAMES = mostly(RIGHT_NAMES, st.sampled_from(["x" * 64, "x" * 65, "", "a b", "\u00e9", "a.b"]))
USERS = mixed(
    st.from_regex(r"[a-z.+\u00e9-]{1,4}@[a-z0-9.-]{1,4}", fullmatch=True)
    | st.uuids().map(str)
    | st.uuids().map(lambda made: str(made).upper()),
    *("a@b@c", "a b@c", "a:b@c", "nobody", "{9d2f6c1e-5b8a-4c3d-8e7f-0a1b2c3d4e5f}"),
)
ENDPOINTS = listed(
    mixed(
        RIGHT_ENTRIES | st.sampled_from([f"@{name}" for name in PRESETS]),
        "@statu",
        "GET  *",
        "* *",
        "get /a",
    )
)
NETWORKS = listed(
    mixed(
        st.ip_addresses().map(str)
        | st.sampled_from(["10.0.0.0/8", "::/0", "0.0.0.0/0", "::ffff:10.0.0.0/104", "fe80::/10"]),
        *("10.0.0.1/8", "010.0.0.0/8", "10.0.0.0/33", "10.0.0.0/", "local", "fe80::1%eth0"),
    )
)
AGES = mixed(
    st.from_regex(r"0{0,2}[1-9][0-9]{0,3}[dhms]", fullmatch=True),
    *("0d", "1000000d", "90", "d", "-1d", "+1d", "1 d", "9\u0660d"),
)
ACCOUNTS = st.fixed_dictionaries(
    {"user": USERS}, optional={"endpoints": ENDPOINTS, "networks": NETWORKS, "max_age": AGES}
)
RIGHT_FILES = st.fixed_dictionaries(
    {"account": st.dictionaries(NAMES, ACCOUNTS, max_size=2)},
    optional={"default": st.sampled_from(["deny", "bypass"])},
)
FILES = mostly(
    RIGHT_FILES,
    st.fixed_dictionaries({"default": st.sampled_from(["allow", " deny", True])})
    | st.fixed_dictionaries({"defaults": st.just("deny")})
    | st.fixed_dictionaries(
        {"account": st.sampled_from([1, {"a": 1}, {"a": {}}, {"a": {"b": 1}}])}
    ),
)


def as_toml(value: object) -> str:
    """Return a value as TOML, tables in one line."""
    if isinstance(value, dict):
        members = (f"{as_toml(name)} = {as_toml(member)}" for name, member in value.items())
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


@given(file=FILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
def test_whatever_is_read_is_valid(tmp_path: Path, file: dict[str, object]) -> None:
    text = "\n".join(f"{as_toml(name)} = {as_toml(value)}" for name, value in file.items())
    assert tomllib.loads(text) == file
    if is_read(tmp_path, text):
        assert VALIDATOR.is_valid(file)
        event("is read")
    else:
        event("is refused by both" if not VALIDATOR.is_valid(file) else "is refused by the reader")

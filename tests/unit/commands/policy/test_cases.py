"""`owui-keygate policy test`: cases whose answers are not as expected are printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.policy_file import ID, run, write

if TYPE_CHECKING:
    from pathlib import Path

CASES = f"""\
[[case]]
name = "terraform changes groups"
user = "terraform@example.org"
request = "POST /api/v1/groups/create"
expect = "allowed"
decision = "allow_bypass"
account = "terraform"

[[case]]
user = "{ID}"
email = "prometheus@example.org"
role = "admin"
transport = "x-api-key"
from = "10.20.0.7"
age = "91d"
request = "GET /health"
expect = "refused"
decision = "account_age_limit"

[[case]]
user = "nobody@example.org"
role = "user"
keys_off = false
host_endpoints = "/api"
permitted = true
request = "GET /api/models"
expect = "allowed"
"""
WRONG = """\
[[case]]
name = "terraform reads the configuration"
user = "terraform@example.org"
request = "GET /api/v1/configs/export"
expect = "allowed"
account = "prometheus"

[[case]]
user = "nobody@example.org"
request = "GET /a"
expect = "allowed"
account = "x"
"""


def ask(folder: Path, cases: str, *arguments: str) -> tuple[int, str, str]:
    """Return the exit code of `policy test`, and what it prints."""
    file = folder / "cases.toml"
    file.write_text(cases, encoding="utf-8")
    done = run("test", file, "--policy", write(folder), *arguments)
    return done.exit_code, done.stdout, done.stderr


def test_cases_that_are_as_expected_are_counted(tmp_path: Path) -> None:
    assert ask(tmp_path, CASES) == (0, "3 cases, all as expected\n", "")


def test_cases_that_are_not_are_printed(tmp_path: Path) -> None:
    code, printed, _ = ask(tmp_path, CASES + WRONG)
    assert code == 1
    assert printed.splitlines() == [
        "terraform reads the configuration: expected allowed, account prometheus, found refused, "
        "account terraform: no entry of the account's endpoints covers the request",
        "case 5: expected allowed, account x, found allowed, account none: Open WebUI's own rules "
        "decide, and they allow the request",
        "5 cases, 2 not as expected",
    ]
    code, printed, _ = ask(tmp_path, WRONG, "--json")
    facts = json.loads(printed)
    assert (code, facts["cases"]) == (1, 2)
    assert [each["case"] for each in facts["differences"]] == [
        "terraform reads the configuration",
        "case 2",
    ]


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        ("x", "is not TOML"),
        ("", "expected tables [[case]]"),
        ("case = 1", "expected tables [[case]]"),
        ("case = [1]", "expected tables [[case]]"),
        (f"version = 1\n{CASES}", "expected tables [[case]]"),
        (f"{CASES}usr = 1", "case 3: has an unknown member: expected name, user"),
        (f'{CASES}age = "old"', "case 3: age: "),
        (f"{CASES}age = 1", "case 3: age: expected a text"),
        (f"{CASES}name = true", "case 3: name: expected a text"),
        (f'{CASES}transport = "header"', "case 3: transport: expected bearer"),
        (f'{CASES}from = "here"', "case 3: from: expected an address"),
        (CASES.replace('"refused"', '"no"'), 'case 2: expect: expected "allowed"'),
        (CASES.replace("request", "name", 1).replace("name", "age", 1), "case 1: "),
        ('[[case]]\nuser = "a@b"\nexpect = "allowed"', "case 1: expected a member request"),
        ('[[case]]\nuser = "a"\nexpect = "allowed"\nrequest = "/a"', "case 1: request: expected"),
    ],
)
def test_what_is_no_list_of_cases_is_refused(tmp_path: Path, cases: str, reason: str) -> None:
    code, printed, error = ask(tmp_path, cases)
    assert (code, printed) == (2, "")
    assert error.startswith("No answer: ")
    assert reason in error


def test_a_file_that_is_not_there_is_not_named(tmp_path: Path) -> None:
    done = run("test", tmp_path / "none.toml")
    assert done.exit_code == 2
    assert done.stderr == (
        "No answer: the file of the cases cannot be read (No such file or directory)\n"
    )

"""`owui-keygate policy explain`: the decision, and what it rests on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate._native import Decision
from owui_keygate.commands.policy.answer import HOST_RULES, REASONS

from tests.support.policy_file import ID, run, write

if TYPE_CHECKING:
    from pathlib import Path

TERRAFORM = ("--user", "terraform@example.org")
PROMETHEUS = ("--user", ID, "--from", "10.20.0.7")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path)


def explain(file: Path, *arguments: str) -> dict[str, Any]:
    """Return the answer, with the exit code."""
    done = run("explain", "--policy", file, "--json", *arguments)
    assert done.exit_code in {0, 1}, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["allowed"] is (done.exit_code == 0)
    return answer


@pytest.mark.parametrize(
    ("arguments", "decision", "account", "endpoint"),
    [
        (
            (*TERRAFORM, "POST", "/api/v1/groups/create"),
            "allow_bypass",
            "terraform",
            "GET|POST /api/v1/groups",
        ),
        (
            (*TERRAFORM, "DELETE", "/api/v1/users/u1"),
            "allow_bypass",
            "terraform",
            "@users (DELETE|GET /api/v1/users/{id}$)",
        ),
        (
            (*TERRAFORM, "--transport", "x-api-key", "get", "/api/v1/groups/"),
            "allow_bypass",
            "terraform",
            "GET|POST /api/v1/groups",
        ),
        ((*TERRAFORM, "GET", "/api/v1/configs"), "account_endpoint_limit", "terraform", None),
        (
            (*TERRAFORM, "GET", "/api/v1/groups/%2e%2e/configs"),
            "account_endpoint_limit",
            "terraform",
            None,
        ),
        ((*PROMETHEUS, "GET", "/health"), "allow_bypass", "prometheus", "@status (GET /health$)"),
        ((*PROMETHEUS, "GET", "/api/models/base"), "account_endpoint_limit", "prometheus", None),
        (
            (*PROMETHEUS, "--age", "90d", "GET", "/api/models"),
            "allow_bypass",
            "prometheus",
            "GET /api/models$",
        ),
        (
            (*PROMETHEUS, "--age", "91d", "GET", "/api/models"),
            "account_age_limit",
            "prometheus",
            "GET /api/models$",
        ),
        (
            ("--user", ID, "--from", "10.21.0.1", "GET", "/api/models"),
            "account_network_limit",
            "prometheus",
            "GET /api/models$",
        ),
        (
            ("--user", ID, "--email", "terraform@example.org", "GET", "/health"),
            "two_accounts",
            None,
            None,
        ),
        (("--user", "open@example.org", "POST", "/anything"), "allow_bypass", "open", None),
        (("--user", "nobody@example.org", "GET", "/a"), "allow", None, None),
        ((*TERRAFORM, "--role", "user", "GET", "/a"), "allow", None, None),
        (
            (*TERRAFORM, "--role", "user", "--no-permission", "GET", "/a"),
            "not_permitted",
            None,
            None,
        ),
        (("--user", "nobody@example.org", "--keys-off", "GET", "/a"), "keys_disabled", None, None),
        (
            (*TERRAFORM, "--transport", "cookie", "GET", "/api/v1/groups"),
            "allow_within_limits",
            "terraform",
            "GET|POST /api/v1/groups",
        ),
        (
            (*TERRAFORM, "--transport", "cookie", "--keys-off", "GET", "/api/v1/groups"),
            "keys_disabled",
            "terraform",
            "GET|POST /api/v1/groups",
        ),
        (
            ("--user", "nobody@example.org", "--host-endpoints", "/b,/c", "GET", "/a"),
            "endpoint_refused",
            None,
            None,
        ),
    ],
)
def test_a_question_has_the_answer_of_the_server(
    file: Path,
    arguments: tuple[str, ...],
    decision: str,
    account: str | None,
    endpoint: str | None,
) -> None:
    answer = explain(file, *arguments)
    found = (answer["decision"], answer["account"], answer["account_endpoint"])
    assert found == (decision, account, endpoint)


def test_what_open_webui_itself_would_refuse_is_said(file: Path) -> None:
    asked = (*TERRAFORM, "GET", "/api/v1/groups")
    assert explain(file, *asked)["host_refusal"] is None
    assert explain(file, *asked, "--host-endpoints", "/api/v1")["host_refusal"] is None
    for option, refusal in [
        (("--keys-off",), "API keys are off"),
        (("--host-endpoints", "/a"), "no entry of Open WebUI's own endpoint list covers the path"),
    ]:
        answer = explain(file, *asked, *option)
        assert (answer["decision"], answer["host_refusal"]) == ("allow_bypass", refusal)


def test_the_limits_of_the_environment_hold_as_well(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADMIN_API_KEY_ALLOWED_ENDPOINTS", "GET /api/v1, @status")
    answer = explain(file, *TERRAFORM, "POST", "/api/v1/groups")
    assert answer["limit"] == "ADMIN_API_KEY_ALLOWED_ENDPOINTS"
    assert (answer["endpoint"], answer["account_endpoint"]) == (None, "GET|POST /api/v1/groups")
    answer = explain(file, *TERRAFORM, "GET", "/api/v1/groups")
    assert (answer["allowed"], answer["endpoint"]) == (True, "GET /api/v1")
    monkeypatch.setenv("ADMIN_API_KEY_BYPASS_USERS", "other@example.org")
    answer = explain(file, *TERRAFORM, "GET", "/api/v1/groups")
    assert answer["bypass"] == "does not apply to this user"


def test_people_read_the_decision_first(file: Path) -> None:
    done = run("explain", "--policy", file, "--keys-off", *TERRAFORM, "GET", "/api/v1/groups")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "allowed: the bypass allows the request, whatever Open WebUI's own rules say",
        "  decision            allow_bypass",
        "  bypass              applies",
        "  account             terraform",
        "  account's endpoint  GET|POST /api/v1/groups",
        "  Open WebUI          would refuse: API keys are off",
    ]
    done = run("explain", "--policy", file, "--user", ID, "GET", "/health")
    assert done.exit_code == 1
    assert done.stdout.startswith(
        "refused: the account's networks do not contain the client's address, which the question "
        "does not name\n"
    )


def test_the_environment_alone_is_asked_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("explain", "--user", "a@example.org", "GET", "/a")
    done = run(*asked, "--keys-off")
    assert done.exit_code == 1
    assert "bypass              is off" in done.stdout
    monkeypatch.setenv("ENABLE_ADMIN_API_KEY_BYPASS", "true")
    assert run(*asked, "--keys-off").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("GET", "/a"),
        ("--user", "a@b", "GET"),
        ("--user", "a@b", "G3T", "/a"),
        ("--user", "a@b", "GET", "a"),
        ("--user", "a@b", "GET", "/a?b=c"),
        ("--user", "a@b", "--email", "c@d", "GET", "/a"),
        ("--user", "a@b", "--from", "10.0.0.0/8", "GET", "/a"),
        ("--user", "a@b", "--transport", "header", "GET", "/a"),
        ("--user", "a@b", "--age", "old", "GET", "/a"),
    ],
)
def test_what_is_no_question_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    done = run("explain", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")


def test_an_invalid_file_has_no_answer(tmp_path: Path) -> None:
    file = write(tmp_path, "defaults = 1")
    done = run("explain", "--policy", file, *TERRAFORM, "GET", "/a")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("No answer: ADMIN_API_KEY_POLICY_FILE is invalid: ")
    assert "line 1, column 1" in done.stderr


def test_every_decision_that_a_question_can_lead_to_has_a_reason() -> None:
    decisions = {each for each in vars(Decision).values() if isinstance(each, Decision)}
    about_keys = {Decision.UnknownKey, Decision.ExpiredKey, Decision.UnreadKey}
    assert REASONS.keys() == decisions - about_keys
    by_host = {each for each in decisions if not each.allows and not each.is_of_bypass}
    assert HOST_RULES.keys() == by_host - about_keys

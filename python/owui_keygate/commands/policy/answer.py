"""The answer to a question: the decision, and what it rests on.

The decision is made by the function that makes it in the server, `Policy.judge`.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from owui_keygate._native import Decision, OwnKey, Policy, Settings

if TYPE_CHECKING:
    from owui_keygate.commands.policy.question import Question

OF_HOST = "Open WebUI's own rules decide"
REASONS = {
    Decision.Allow: f"{OF_HOST}, and they allow the request",
    Decision.AllowBypass: "the bypass allows the request, whatever Open WebUI's own rules say",
    Decision.AllowWithinLimits: (
        f"{OF_HOST}, because the key is not in a header; they allow the request, and it is within "
        "the limits"
    ),
    Decision.AgeLimit: "the key is older than ADMIN_API_KEY_MAX_AGE",
    Decision.NetworkLimit: "ADMIN_API_KEY_ALLOWED_NETWORKS does not contain the client's address",
    Decision.EndpointLimit: "no entry of ADMIN_API_KEY_ALLOWED_ENDPOINTS covers the request",
    Decision.TwoAccounts: (
        "two accounts of the policy file name the user, one by id and one by e-mail address"
    ),
    Decision.AccountAgeLimit: "the key is older than the account's max_age",
    Decision.AccountNetworkLimit: "the account's networks do not contain the client's address",
    Decision.AccountEndpointLimit: "no entry of the account's endpoints covers the request",
    Decision.KeysDisabled: f"{OF_HOST}, and API keys are off in Open WebUI",
    Decision.NotPermitted: f"{OF_HOST}, and the user lacks the permission features.api_keys",
    Decision.EndpointRefused: f"{OF_HOST}, and no entry of its own endpoint list covers the path",
}
"""Why a decision was made, for people. Questions are never about unknown or ended keys."""

HOST_RULES = {
    Decision.KeysDisabled: "API keys are off",
    Decision.NotPermitted: "the user lacks the permission features.api_keys",
    Decision.EndpointRefused: "no entry of Open WebUI's own endpoint list covers the path",
}
"""What Open WebUI refuses by."""

_NETWORK_LIMITS = {Decision.NetworkLimit, Decision.AccountNetworkLimit}


class Answer(NamedTuple):
    """What becomes of a request.

    Attributes:
        allowed: Whether the request passes.
        decision: The name of the decision, as in the status route.
        reason: Why, for people.
        bypass: Whether the bypass applies to the key, for people.
        account: The account of the user in the policy file.
        limit: The limit that refuses, as the audit log names it.
        endpoint: The entry of ADMIN_API_KEY_ALLOWED_ENDPOINTS that covers the request.
        account_endpoint: The entry of the account's endpoints that covers the request.
        host_refusal: Why Open WebUI's own rules would refuse, if they would.
    """

    allowed: bool
    decision: str
    reason: str
    bypass: str
    account: str | None
    limit: str | None
    endpoint: str | None
    account_endpoint: str | None
    host_refusal: str | None


_STOCK = Policy(Settings({}))


def ask(policy: Policy, question: Question) -> Answer:
    """Return what becomes of a request."""
    now = int(time.time())
    user = SimpleNamespace(id=question.user, email=question.email, role=question.role)
    client = None if question.address is None else (question.address, 0)
    scope: dict[str, Any] = {
        "type": "http",
        "method": question.method,
        "path": question.path,
        "client": client,
    }
    request = (scope, "", question.transport, float(now))
    rules = (not question.keys_off, question.host_endpoints, None)
    reading = (user, None, now - question.age, rules)
    judgement = policy.judge(request, reading, permitted=question.permitted)
    by_host = _STOCK.judge(request, reading, permitted=question.permitted)
    decision, account = judgement.decision, judgement.account
    if decision is None or by_host.decision is None:
        message = "the facts of a question are enough for a decision"
        raise AssertionError(message)
    covering = (question.method, question.path)
    reason = REASONS[decision]
    if decision in _NETWORK_LIMITS and client is None:
        reason += ", which the question does not name"
    return Answer(
        allowed=decision.allows,
        decision=decision.name,
        reason=reason,
        bypass=_bypass(policy, question, user),
        account=account,
        limit=decision.limit,
        endpoint=policy.covering(*covering) if decision.is_of_bypass else None,
        account_endpoint=None if account is None else policy.covering(*covering, account=account),
        host_refusal=HOST_RULES.get(by_host.decision),
    )


def _bypass(policy: Policy, question: Question, user: object) -> str:
    if not policy.bypass:
        return "is off"
    if policy.own_key(user, session=True) != OwnKey.Allowed:
        return "does not apply to this user"
    if not policy.may_bypass(question.transport):
        return "does not apply to a key outside a header, but its limits do"
    return "applies"


def render(answer: Answer) -> list[str]:
    """Return an answer as lines for people, the decision first."""
    rows = [
        ("decision", answer.decision),
        ("bypass", answer.bypass),
        ("account", answer.account),
        ("limit", answer.limit),
        ("endpoint", answer.endpoint),
        ("account's endpoint", answer.account_endpoint),
        ("Open WebUI", f"would refuse: {answer.host_refusal}" if answer.host_refusal else None),
    ]
    word = "allowed" if answer.allowed else "refused"
    details = [f"  {name:<18}  {value}" for name, value in rows if value is not None]
    return [f"{word}: {answer.reason}", *details]

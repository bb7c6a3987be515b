"""Escape routes: what a limited key could use to get rid of its limits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from owui_keygate.settings.routes import DANGERS, EVERY_METHOD, HARMLESS, read_classes, routes_of
from owui_keygate.unsure import unsure

if TYPE_CHECKING:
    from owui_keygate._native import Policy
    from owui_keygate.settings.routes import Route

Exposure = dict[str, list[str]]
"""The routes that the allowed endpoints reach, by their class; harmless ones are left out."""

NOT_KNOWN = "What ADMIN_API_KEY_ALLOWED_ENDPOINTS reaches is not known, see the log"
_SEARCH = unsure("Search for dangerous routes", "no warnings about ADMIN_API_KEY_ALLOWED_ENDPOINTS")

UNKNOWN = "unknown"
"""The class of a route that is not in the table."""

NAMED = 6
"""How many routes of a class a warning names, so that a log line stays readable."""

MOST_ACCOUNTS = 20
"""How many accounts have a warning of their own, so that the log stays readable."""

FOREMOST = (
    "GET /api/v1/configs/export",
    "GET /api/v1/utils/db/download",
    "POST /api/v1/auths/add",
    "POST /api/v1/functions/create",
    "POST /openai/config/update",
    "GET /openai/{:path}",
)
"""Each of these alone is a way out of a limit, so a warning names it before others."""


class Finding(NamedTuple):
    """What was found out about the allowed endpoints.

    Attributes:
        exposure: What they reach; None where that is not known.
        warnings: What an operator should read of it.
        exposure_by_account: What the endpoints of each account reach, if it has any that are
            dangerous; None where that is not known.
    """

    exposure: Exposure | None
    warnings: list[str]
    exposure_by_account: dict[str, Exposure] | None


def look(policy: Policy) -> Finding:
    """Find out what the allowed endpoints reach; a failure costs the warnings alone."""
    with _SEARCH:
        return _look(policy)
    return Finding(None, [NOT_KNOWN], None)


def _look(policy: Policy) -> Finding:
    dangerous = _dangerous_routes()
    found = _reached(policy, dangerous, None)
    by_account = _reached_by_account(policy, dangerous)
    about_accounts = _warnings_of_accounts(policy, by_account)
    more = len(about_accounts) - MOST_ACCOUNTS
    if more > 0:
        about_accounts[MOST_ACCOUNTS:] = [
            f"ADMIN_API_KEY_POLICY_FILE: {more} more warnings of this kind, which `owui-keygate "
            "policy check` lists"
        ]
    return Finding(found, [*warnings(found), *about_accounts], by_account)


def account_warnings(policy: Policy) -> list[str]:
    """Return a warning for each account without endpoints, and for each with dangerous ones."""
    return _warnings_of_accounts(policy, _reached_by_account(policy, _dangerous_routes()))


def _dangerous_routes() -> list[tuple[Route, str]]:
    """Return the routes that are not harmless, each with its class, in the order of their paths.

    They are those of the host that runs here. While its application is not there, they are those of
    all releases that were tried.

    Raises:
        TypeError: The application has a route of a kind that is not known.
    """
    application = getattr(sys.modules.get("open_webui.main"), "app", None)
    classes = read_classes()
    routes = classes if application is None else routes_of(application)
    in_order = sorted(routes, key=lambda route: (route.template, route.method))
    classed = [(route, classes.get(route, UNKNOWN)) for route in in_order]
    return [(route, kind) for route, kind in classed if kind != HARMLESS]


def _reached(policy: Policy, routes: list[tuple[Route, str]], account: str | None) -> Exposure:
    found: Exposure = {kind: [] for kind in (*DANGERS, UNKNOWN)}
    for route, kind in routes:
        method = None if route.method == EVERY_METHOD else route.method
        if policy.reaches(method, route.template, account=account):
            found[kind].append(str(route))
    return {kind: names for kind, names in found.items() if names}


def _reached_by_account(policy: Policy, routes: list[tuple[Route, str]]) -> dict[str, Exposure]:
    """Return what each account with endpoints reaches, without those that reach nothing."""
    found = {
        account: _reached(policy, routes, account)
        for account, has_endpoints in policy.accounts.items()
        if has_endpoints
    }
    return {account: reached for account, reached in found.items() if reached}


def warnings(exposure: Exposure) -> list[str]:
    """Return a warning for each class of routes that the allowed endpoints reach."""
    return [_warning(kind, names) for kind, names in exposure.items()]


def _warning(kind: str, names: list[str]) -> str:
    more = len(names) - NAMED
    rest = ", which `owui-keygate doctor --json` lists" if more > 0 else ""
    return f"ADMIN_API_KEY_ALLOWED_ENDPOINTS lets a key {_lets(kind)}: {_first(names, NAMED)}{rest}"


def _warnings_of_accounts(policy: Policy, by_account: dict[str, Exposure]) -> list[str]:
    without = (
        f"ADMIN_API_KEY_POLICY_FILE has no endpoints for account {account}: its key reaches all "
        "that ADMIN_API_KEY_ALLOWED_ENDPOINTS allows, or everything while that is unset"
        for account, has_endpoints in policy.accounts.items()
        if not has_endpoints
    )
    with_dangers = (
        f"ADMIN_API_KEY_POLICY_FILE lets the key of account {account} "
        + "; ".join(f"{_lets(kind)} ({_first(names, 1)})" for kind, names in exposure.items())
        for account, exposure in by_account.items()
    )
    return [*without, *with_dangers]


def _lets(kind: str) -> str:
    return DANGERS.get(kind, "reach what this version does not know")


def _first(names: list[str], most: int) -> str:
    """Name some routes, the worst first, and count the rest."""
    first = ", ".join(sorted(names, key=lambda name: name not in FOREMOST)[:most])
    more = len(names) - most
    return f"{first} and {more} more" if more > 0 else first

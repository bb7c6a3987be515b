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

FOREMOST = (
    "GET /api/v1/configs/export",
    "GET /api/v1/utils/db/download",
    "POST /api/v1/auths/add",
    "POST /api/v1/functions/create",
    "POST /openai/config/update",
)
"""Each of these alone is a way out of every limit, so a warning names it before others."""


class Finding(NamedTuple):
    """What was found out about the allowed endpoints.

    Attributes:
        exposure: What they reach; None where that is not known.
        warnings: What an operator should read of it.
    """

    exposure: Exposure | None
    warnings: list[str]


def look(policy: Policy) -> Finding:
    """Find out what the allowed endpoints reach; a failure costs the warnings alone."""
    with _SEARCH:
        found = find(policy)
        return Finding(found, warnings(found))
    return Finding(None, [NOT_KNOWN])


def find(policy: Policy) -> Exposure:
    """Return what the allowed endpoints reach, of the routes of the host that runs here.

    While its application is not there, it is all routes of all releases that were tried.

    Raises:
        TypeError: The application has a route of a kind that is not known.
    """
    application = getattr(sys.modules.get("open_webui.main"), "app", None)
    routes = read_classes() if application is None else routes_of(application)
    reached = [route for route in routes if _reaches(policy, route)]
    classes = read_classes() if reached else {}
    found: Exposure = {kind: [] for kind in (*DANGERS, UNKNOWN)}
    for route in sorted(reached, key=lambda route: (route.template, route.method)):
        kind = classes.get(route, UNKNOWN)
        if kind != HARMLESS:
            found[kind].append(str(route))
    return {kind: names for kind, names in found.items() if names}


def warnings(exposure: Exposure) -> list[str]:
    """Return a warning for each class of routes that the allowed endpoints reach."""
    return [_warning(kind, names) for kind, names in exposure.items()]


def _reaches(policy: Policy, route: Route) -> bool:
    return policy.reaches(None if route.method == EVERY_METHOD else route.method, route.template)


def _warning(kind: str, names: list[str]) -> str:
    lets = DANGERS.get(kind, "reach what this version does not know")
    first = sorted(names, key=lambda name: name not in FOREMOST)[:NAMED]
    more = len(names) - len(first)
    rest = f" and {more} more, which `owui-keygate doctor --json` lists" if more else ""
    return f"ADMIN_API_KEY_ALLOWED_ENDPOINTS lets a key {lets}: {', '.join(first)}{rest}"

"""Routes of the host by which a limited key could free itself of its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from owui_keygate._native import Policy

ROUTES = (
    "/api/v1/auths",
    "/api/v1/configs",
    "/api/v1/functions",
    "/api/v1/pipelines",
    "/api/v1/tools",
    "/api/v1/users",
)
"""Accounts and passwords, the configuration, and what the host runs as code (Open WebUI 0.12.4)."""


def warnings(policy: Policy) -> list[str]:
    """Return a warning for each of them that the allowed endpoints let a key change."""
    return [
        f"ADMIN_API_KEY_ALLOWED_ENDPOINTS lets a key change what is below {route}, and so get "
        "around its limits: leave it out, or allow GET alone"
        for route in ROUTES
        if policy.lets_change(route)
    ]

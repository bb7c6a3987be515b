"""Runs in the host's environment: what `app.dependency_overrides` does, as JSON."""

from __future__ import annotations

import json

from fastapi import HTTPException
from fastapi.testclient import TestClient
from open_webui.main import app
from open_webui.utils import auth

NAMES = (
    "get_current_user",
    "get_verified_user",
    "get_admin_user",
    "get_current_user_by_api_key",
)
ENDPOINTS = ("/api/v1/users/user/settings", "/api/v1/auths/admin/config", "/api/v1/groups/")


def overriding() -> None:
    """Stand in for a dependency, where everybody can see it."""
    raise HTTPException(418)


found = {}
client = TestClient(app)
for name in (None, *NAMES):
    app.dependency_overrides = {} if name is None else {getattr(auth, name): overriding}
    found[name or "none"] = [client.get(endpoint).status_code for endpoint in ENDPOINTS]
print(json.dumps(found))  # noqa: T201

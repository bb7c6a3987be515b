"""The people of a server: their sessions and API keys, made through the host's own API."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from harness.client import bearer

if TYPE_CHECKING:
    from harness.client import Client

FIRST_ADMIN = "first@example.org"
PASSWORD = secrets.token_urlsafe(16)
_DEFAULT_PERMISSIONS = "/api/v1/users/default/permissions"
NOBODYS_KEY = "sk-" + "0123456789abcdef" * 2


@dataclass
class Person:
    """Somebody with an account.

    Attributes:
        id: The id of the account.
        email: The address to sign in with.
        session: A session token.
        keys: API keys by kind; `valid` is the one that works.
        known_since: When they had signed in, in whole seconds.
    """

    id: str
    email: str
    session: str = field(repr=False)
    keys: dict[str, str] = field(default_factory=dict, repr=False)
    known_since: int = field(default_factory=lambda: int(time.time()))


def sign_up(client: Client) -> Person:
    """Make the first account of a new server, which is an administrator's."""
    form = {"name": "first", "email": FIRST_ADMIN, "password": PASSWORD}
    answer = client.call("POST", "/api/v1/auths/signup", "", form)
    return Person(answer["id"], FIRST_ADMIN, answer["token"])


def sign_in(client: Client, email: str) -> Person:
    """Sign in and return who that is."""
    form = {"email": email, "password": PASSWORD}
    answer = client.call("POST", "/api/v1/auths/signin", "", form)
    return Person(answer["id"], email, answer["token"])


def add_person(client: Client, admin: Person, name: str, role: str) -> Person:
    """Make an account in a later second than the administrator's, and sign in as its owner.

    The host keeps whole seconds, and of two administrators of the same one it may take either for
    the first, whom nobody else may change.
    """
    while int(time.time()) <= admin.known_since:
        time.sleep(0.02)
    email = f"{name}@example.org"
    form = {"name": name, "email": email, "password": PASSWORD, "role": role}
    client.call("POST", "/api/v1/auths/add", admin.session, form)
    return sign_in(client, email)


def make_key(client: Client, person: Person) -> str:
    """Make an API key for a person; it replaces the one they had."""
    key: str = client.call("POST", "/api/v1/auths/api_key", person.session)["api_key"]
    return key


def delete_key(client: Client, person: Person) -> None:
    """Delete the API key of a person."""
    client.call("DELETE", "/api/v1/auths/api_key", person.session)


def set_role(client: Client, admin: Person, person: Person, role: str) -> None:
    """Give a person another role."""
    form = {"role": role, "name": person.email.split("@")[0], "email": person.email}
    form["profile_image_url"] = "/user.png"
    headers = bearer(admin.session)
    old = client.request("POST", "/api/v1/users/update/role", headers, {"id": person.id} | form)
    if old.status != HTTPStatus.OK:  # The route is gone in later releases.
        client.call("POST", f"/api/v1/users/{person.id}/update", admin.session, form)


def set_rules(
    client: Client, admin: Person, *, enabled: bool, endpoints: str | None = None
) -> None:
    """Set the host's rules about API keys; `endpoints` None takes the list out of force."""
    target = "/api/v1/auths/admin/config"
    form = client.call("GET", target, admin.session)
    # The names are in the singular up to 0.6.36.
    keys = "KEYS" if "ENABLE_API_KEYS" in form else "KEY"
    rules: dict[str, Any] = {
        f"ENABLE_API_{keys}": enabled,
        f"ENABLE_API_{keys}_ENDPOINT_RESTRICTIONS": endpoints is not None,
        f"API_{keys}_ALLOWED_ENDPOINTS": endpoints or "",
    }
    client.call("POST", target, admin.session, form | rules)


def keys_need_permission(client: Client, admin: Person) -> bool:
    """Whether users need a permission for keys; up to 0.6.36 there is none."""
    permissions = client.call("GET", _DEFAULT_PERMISSIONS, admin.session)
    return "api_keys" in permissions.get("features", {})


def let_everybody_make_keys(client: Client, admin: Person, *, allowed: bool) -> None:
    """Grant or withdraw the default permission `features.api_keys`, where there is one."""
    permissions = client.call("GET", _DEFAULT_PERMISSIONS, admin.session)
    if "api_keys" in permissions.get("features", {}):
        permissions["features"]["api_keys"] = allowed
        client.call("POST", _DEFAULT_PERMISSIONS, admin.session, permissions)


def let_make_keys(client: Client, admin: Person, person: Person) -> None:
    """Give a person the permission `features.api_keys` through a group."""
    form: dict[str, Any] = {
        "name": f"keys of {person.email}",
        "description": "",
        "permissions": {"features": {"api_keys": True}},
    }
    group = client.call("POST", "/api/v1/groups/create", admin.session, form)
    members = {"user_ids": [person.id]}
    client.call("POST", f"/api/v1/groups/id/{group['id']}/users/add", admin.session, members)

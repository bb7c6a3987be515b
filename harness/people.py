"""The people of a server: their sessions and API keys, made through the host's own API."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.client import Client

FIRST_ADMIN = "first@example.org"
PASSWORD = secrets.token_urlsafe(16)
ADMIN_SETTINGS = {"WEBUI_ADMIN_EMAIL": FIRST_ADMIN, "WEBUI_ADMIN_PASSWORD": PASSWORD}
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
    client.call("POST", f"/api/v1/users/{person.id}/update", admin.session, form)


def set_rules(
    client: Client, admin: Person, *, enabled: bool, endpoints: str | None = None
) -> None:
    """Set the host's rules about API keys; `endpoints` None takes the list out of force."""
    target = "/api/v1/auths/admin/config"
    rules: dict[str, Any] = {
        "ENABLE_API_KEYS": enabled,
        "ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS": endpoints is not None,
        "API_KEYS_ALLOWED_ENDPOINTS": endpoints or "",
    }
    form = client.call("GET", target, admin.session) | rules
    client.call("POST", target, admin.session, form)


def let_everybody_make_keys(client: Client, admin: Person, *, allowed: bool) -> None:
    """Grant or withdraw the default permission `features.api_keys`."""
    target = "/api/v1/users/default/permissions"
    permissions = client.call("GET", target, admin.session)
    permissions["features"]["api_keys"] = allowed
    client.call("POST", target, admin.session, permissions)


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

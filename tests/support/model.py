"""The decision, as docs/design.md states it, with none of the code: what a test compares with.

A limit that is None is not set.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

SETTINGS = "/api/v1/users/user/settings"
INFO = "/api/v1/users/user/info"
CONFIG = "/api/v1/auths/admin/config"
OWN_KEY = "/api/v1/auths/api_key"
KNOWN = frozenset({"user", "admin"})
ROUTES = {
    ("GET", SETTINGS): KNOWN,
    ("POST", f"{SETTINGS}/update"): KNOWN,
    ("GET", INFO): KNOWN,
    ("GET", CONFIG): frozenset({"admin"}),
    ("GET", OWN_KEY): None,
}
"""Routes of the host, and the roles that they are for; None is all."""

HEADERS = frozenset({"bearer", "x-api-key"})
"""The ways by which a key is in a header, and can bypass the host's rules."""


Endpoint: TypeAlias = tuple[frozenset[str] | None, str]
"""Methods, None for any, and a path, in which `{name}` is one segment and `$` the end."""


@dataclass(frozen=True)
class Account:
    """An account of a policy file.

    Attributes:
        user: An e-mail in lower case, or an id.
        endpoints: The only endpoints.
        networks: The only networks.
        max_age: The oldest age of a key, in seconds.
    """

    user: str
    endpoints: tuple[Endpoint, ...] | None = None
    networks: tuple[str, ...] | None = None
    max_age: int | None = None

    def members(self) -> dict[str, str | list[str]]:
        """Return what the file says, with e-mails in upper case."""
        found: dict[str, str | list[str]] = {"user": shown_name(self.user)}
        if self.endpoints is not None:
            found["endpoints"] = shown_endpoints(self.endpoints)
        if self.networks is not None:
            found["networks"] = list(self.networks)
        if self.max_age is not None:
            found["max_age"] = f"{self.max_age}s"
        return found


@dataclass(frozen=True)
class Limits:
    """The settings of a server, the bypass being on.

    Attributes:
        users: The only administrators, by lower-case e-mail or by id.
        endpoints: The only endpoints.
        networks: The only networks.
        max_age: The oldest age of a key, in seconds.
        accounts: The accounts of its policy file, None without one.
        default: What that file says of other administrators.
    """

    users: frozenset[str] | None = None
    endpoints: tuple[Endpoint, ...] | None = None
    networks: tuple[str, ...] | None = None
    max_age: int | None = None
    accounts: tuple[Account, ...] | None = None
    default: str = "deny"

    def accounts_of(self, user: User) -> list[Account]:
        """Return the accounts that name a user."""
        return [each for each in self.accounts or () if each.user in {user.id, user.email}]

    def policy_file(self) -> str:
        """Return the text of the policy file."""
        lines = [f"default = {json.dumps(self.default)}"]
        for number, account in enumerate(self.accounts or ()):
            lines.append(f"[account.number-{number}]")
            lines += [f"{name} = {json.dumps(value)}" for name, value in account.members().items()]
        return "\n".join(lines)

    def settings(self) -> dict[str, str]:
        """Return the environment variables that say this, but for the file's."""
        found = {"ENABLE_ADMIN_API_KEY_BYPASS": "true"}
        if self.users is not None:
            names = map(shown_name, sorted(self.users))
            found["ADMIN_API_KEY_BYPASS_USERS"] = ", ".join(names)
        if self.endpoints is not None:
            found["ADMIN_API_KEY_ALLOWED_ENDPOINTS"] = ", ".join(shown_endpoints(self.endpoints))
        if self.networks is not None:
            found["ADMIN_API_KEY_ALLOWED_NETWORKS"] = ",".join(self.networks)
        if self.max_age is not None:
            found["ADMIN_API_KEY_MAX_AGE"] = f"{self.max_age}s"
        return found


@dataclass
class User:
    """An account; `may_have_keys` is the permission that a group gives it."""

    id: str
    email: str
    role: str
    may_have_keys: bool = False


@dataclass
class Key:
    """An API key; times are in epoch seconds."""

    owner: str
    created_at: int
    expires_at: int | None = None


class Asked(NamedTuple):
    """A request with a key."""

    key: str
    way: str
    method: str
    path: str
    client: str


class Answer(NamedTuple):
    """A status code, and the limit that an answer names, if it names one."""

    status: int
    limit: str | None = None


@dataclass
class Model:
    """What the database holds.

    Attributes:
        users: The accounts, by id.
        keys: The API keys, by their text.
        keys_on: The host's switch.
        endpoints: The host's endpoint list, None while it is not in force.
        everybody_may: Whether everybody has the permission to have keys.
    """

    users: dict[str, User] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    keys_on: bool = False
    endpoints: tuple[str, ...] | None = None
    everybody_may: bool = False

    def answer(self, asked: Asked, limits: Limits, now: int) -> Answer:
        """Return how a server with these limits answers."""
        key = self.keys.get(asked.key)
        user = self.users.get(key.owner) if key else None
        if key is None or user is None:
            return Answer(401)
        ruled = bypasses(user, limits)
        if not (ruled and asked.way in HEADERS) and not self._host_allows(user, asked.path):
            return Answer(403)
        if ruled:
            if key.expires_at is not None and key.expires_at <= now:
                return Answer(401)
            limit = refusing(asked, user, limits, now - key.created_at)
            if limit is not None or asked.path == OWN_KEY:
                return Answer(403, limit)
        roles = ROUTES[asked.method, asked.path]
        return Answer(200 if roles is None or user.role in roles else 401)

    def keys_of(self, owner: str | None) -> list[str]:
        """Return the keys of an account."""
        return [text for text, key in self.keys.items() if key.owner == owner]

    def may_make_key(self, user: User, limits: Limits) -> bool:
        """Whether somebody who is signed in may make a key for themselves."""
        return bypasses(user, limits) or (self.keys_on and self._is_permitted(user))

    def _host_allows(self, user: User, path: str) -> bool:
        listed = self.endpoints is None or any(is_below(path, each) for each in self.endpoints)
        return self.keys_on and self._is_permitted(user) and listed

    def _is_permitted(self, user: User) -> bool:
        return user.role == "admin" or user.may_have_keys or self.everybody_may


def shown_name(user: str) -> str:
    """Write an e-mail in upper case, and an id as it is."""
    return user.upper() if "@" in user else user


def shown_endpoints(endpoints: tuple[Endpoint, ...]) -> list[str]:
    """Write endpoints as settings do."""
    return [
        f"{'|'.join(sorted(methods))} {path}" if methods else path for methods, path in endpoints
    ]


def bypasses(user: User, limits: Limits) -> bool:
    named = limits.users is None or not limits.users.isdisjoint({user.id, user.email})
    served = limits.accounts is None or limits.default == "bypass" or limits.accounts_of(user)
    return user.role == "admin" and named and bool(served)


def refusing(asked: Asked, user: User, limits: Limits, age: int) -> str | None:
    """Return the limit that refuses: of the environment first, then of the account."""
    setting = refusing_limit(asked, limits, age)
    if setting is not None:
        names = {"max_age": "MAX_AGE", "networks": "ALLOWED_NETWORKS"}
        return f"ADMIN_API_KEY_{names.get(setting, 'ALLOWED_ENDPOINTS')}"
    accounts = limits.accounts_of(user)
    if not accounts:
        return None
    member = "user" if len(accounts) > 1 else refusing_limit(asked, accounts[0], age)
    return None if member is None else f"ADMIN_API_KEY_POLICY_FILE: {member}"


def refusing_limit(asked: Asked, limits: Limits | Account, age: int) -> str | None:
    if limits.max_age is not None and age > limits.max_age:
        return "max_age"
    client = ipaddress.ip_address(asked.client)
    if isinstance(client, ipaddress.IPv6Address) and client.ipv4_mapped:
        client = client.ipv4_mapped
    networks = limits.networks
    if networks is not None and not any(client in ipaddress.ip_network(each) for each in networks):
        return "networks"
    endpoints = limits.endpoints
    if endpoints is not None and not any(
        (methods is None or asked.method in methods) and fits(asked.path, template)
        for methods, template in endpoints
    ):
        return "endpoints"
    return None


def fits(path: str, template: str) -> bool:
    """Whether a path is what a template describes, or below it unless that ends in `$`."""
    wanted = template.removesuffix("$").split("/")
    found = path.split("/")
    if len(found) < len(wanted) or (template.endswith("$") and len(found) > len(wanted)):
        return False
    return all(want in ("{name}", have) for want, have in zip(wanted, found, strict=False))


def is_below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}/")

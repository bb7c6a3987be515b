"""The native module: settings, the decision, the audit and session tokens, in Rust."""

import os
from collections.abc import Mapping, MutableMapping
from types import NotImplementedType
from typing import Any, ClassVar, TypeAlias, final

__all__ = [
    "Audit",
    "Decision",
    "Ending",
    "Judgement",
    "OwnKey",
    "PanicException",
    "Policy",
    "SessionVerifier",
    "Settings",
    "Transport",
    "__version__",
    "check_policy_file",
    "fingerprint",
    "hold_everyone",
    "is_setting",
    "parse_duration",
]

__version__: str

_Record: TypeAlias = dict[str, str | int | None]
_KeyRequest: TypeAlias = tuple[MutableMapping[str, Any], str, Transport, float]
"""A `KeyRequest` of `owui_keygate.replacements.credentials`."""
_Rules: TypeAlias = tuple[bool, str | None, object]
_Reading: TypeAlias = tuple[object, int | None, int | None, _Rules | None]
"""A `Reading` of `owui_keygate.readers`."""

class PanicException(BaseException):
    """A bug in the native module. It is no `Exception`, so it must be caught by this name."""

def check_policy_file(
    path: str | os.PathLike[str], presets: Mapping[str, list[str]]
) -> list[tuple[int | None, int | None, str]]:
    """Return the faults of a policy file, in order: line, column and what is wrong.

    Line and column are counted from 1. A file that cannot be read has one fault without a place.

    Args:
        path: The file.
        presets: For each preset the list of endpoints that it stands for.
    """

def hold_everyone(proxies: str) -> bool:
    """Whether a comma-separated list of proxies contains everyone.

    Networks that fill one wider than 10.0.0.0/8 or fc00::/7 do, each alone or together.
    """

def is_setting(name: str) -> bool:
    """Whether `Settings` reads an environment variable of this name, if only to refuse it."""

def parse_duration(text: str) -> int:
    """Return a duration such as `90d`, `12h`, `30m` or `45s` in seconds.

    Raises:
        ValueError: The text is not a duration; the message says what was expected.
    """

def fingerprint(api_key: str) -> str:
    """Return what an API key is named by: the first 8 hex digits of its SHA-256."""

@final
class Settings:
    """The settings, read from an environment mapping such as `os.environ`.

    Reading cannot fail: an invalid setting becomes a problem, and any problem keeps the bypass
    off.
    """

    def __new__(
        cls, environment: Mapping[str, str], presets: Mapping[str, list[str]] | None = None
    ) -> Settings:
        """Read the settings, and the policy file that they name.

        Args:
            environment: The environment variables.
            presets: For each preset the list of endpoints that it stands for.
        """

    @property
    def enabled(self) -> bool:
        """`OWUI_KEYGATE`: False means that the extension does nothing at all."""

    @property
    def strict(self) -> bool:
        """`OWUI_KEYGATE_STRICT`: the host must not start if the extension is not active."""

    @property
    def bypass(self) -> bool:
        """`ENABLE_ADMIN_API_KEY_BYPASS`, and False while there are any `problems`."""

    @property
    def problems(self) -> list[str]:
        """The invalid settings, one sentence each, which never contains a value."""

    def to_json(self) -> str:
        """Return all of this, and every setting with its value and effect, as a JSON object."""

@final
class Transport:
    """How an API key travelled: a bearer token, the host's API-key header, a cookie, or else."""

    Bearer: ClassVar[Transport]
    ApiKeyHeader: ClassVar[Transport]
    Cookie: ClassVar[Transport]
    Other: ClassVar[Transport]

    def __hash__(self) -> int: ...
    def __int__(self) -> int: ...

@final
class Decision:
    """What becomes of a request."""

    Allow: ClassVar[Decision]
    AllowBypass: ClassVar[Decision]
    AllowWithinLimits: ClassVar[Decision]
    UnknownKey: ClassVar[Decision]
    ExpiredKey: ClassVar[Decision]
    UnreadKey: ClassVar[Decision]
    AgeLimit: ClassVar[Decision]
    NetworkLimit: ClassVar[Decision]
    EndpointLimit: ClassVar[Decision]
    TwoAccounts: ClassVar[Decision]
    AccountAgeLimit: ClassVar[Decision]
    AccountNetworkLimit: ClassVar[Decision]
    AccountEndpointLimit: ClassVar[Decision]
    KeysDisabled: ClassVar[Decision]
    NotPermitted: ClassVar[Decision]
    EndpointRefused: ClassVar[Decision]

    @property
    def name(self) -> str:
        """The name in logs, metrics and the status route."""

    @property
    def allows(self) -> bool:
        """Whether it lets the user in."""

    @property
    def is_of_bypass(self) -> bool:
        """Whether the bypass rules the user, so that the host has no say in a refusal."""

    @property
    def limit(self) -> str | None:
        """The limit that refuses, if one does: a setting, `expires_at` or `unread`."""

    def __hash__(self) -> int: ...
    def __int__(self) -> int: ...

@final
class Judgement:
    """What the facts about a request come to."""

    @property
    def decision(self) -> Decision | None:
        """The decision; None where it is the host's, or where the permission is missing."""

    @property
    def asks_permission(self) -> bool:
        """Whether the host must be asked for the permission of the user, to judge again."""

    @property
    def account(self) -> str | None:
        """The name of the user's account in the policy file, if the bypass rules the user."""

    @property
    def records(self) -> list[_Record]:
        """What is to be written down now; nothing if the request was not to be counted."""

    @property
    def ending(self) -> Ending | None:
        """The key, if somebody is to be warned that it ends soon; that is no part of the audit."""

@final
class Ending:
    """A key that ends soon, as it was last used."""

    @property
    def key(self) -> str:
        """The fingerprint of the key."""

    @property
    def account(self) -> str | None:
        """The name of the user's account in the policy file."""

    @property
    def user(self) -> str:
        """The user's id."""

    @property
    def end(self) -> int:
        """When it ends, in epoch seconds."""

@final
class OwnKey:
    """Who decides whether a user may create, read and delete their own key.

    That is the host, where the bypass does not rule the user; else they may, or may not.
    """

    ByHost: ClassVar[OwnKey]
    Allowed: ClassVar[OwnKey]
    Refused: ClassVar[OwnKey]

    def __hash__(self) -> int: ...
    def __int__(self) -> int: ...

@final
class Policy:
    """The decision, with the settings it depends on."""

    def __new__(cls, settings: Settings) -> Policy: ...
    def judge(
        self,
        request: _KeyRequest,
        reading: _Reading | None,
        *,
        permitted: bool | None = None,
        audit: Audit | None = None,
    ) -> Judgement:
        """Judge a request.

        Args:
            request: The request.
            reading: What the database holds about the key, and the host's rules where they are
                known; None for a key that names nobody.
            permitted: Whether the host grants `features.api_keys`; None while not asked.
            audit: Where a decision is counted; None for nowhere.

        Raises:
            KeyError: The scope has no path.
            AttributeError: The user lacks an attribute.
            TypeError: Something is of another type than it must be.
        """

    def decide_let_in(
        self, request: _KeyRequest, user: object, times: tuple[int | None, int | None] | None
    ) -> Decision:
        """Decide about a request that the host has let in by its own rules.

        Args:
            request: The request.
            user: Whom the host has let in, an object with `id`, `email` and `role`.
            times: `expires_at` and `created_at` of the key's row, in epoch seconds; None where the
                row could not be read.

        Raises:
            KeyError: The scope has no path.
            AttributeError: The user lacks an attribute.
            TypeError: Something is of another type than it must be.
        """

    def watch(
        self,
        request: _KeyRequest,
        user: object,
        times: tuple[int | None, int | None] | None,
        audit: Audit,
    ) -> Ending | None:
        """Note that a user whom the bypass rules is let in, as `judge` does where it decides so.

        Return the key if somebody is to be warned that it ends soon: at its first use of a day,
        within the time that `ADMIN_API_KEY_EXPIRY_WARNING` sets.

        Args:
            request: The request.
            user: The user, an object with `id`, `email` and `role`.
            times: `expires_at` and `created_at` of the key's row, in epoch seconds; None where the
                row could not be read.
            audit: Where the use is noted.

        Raises:
            KeyError: The scope has no path.
            AttributeError: The user lacks an attribute.
            TypeError: Something is of another type than it must be.
        """

    @property
    def bypass(self) -> bool:
        """Whether the bypass is on."""

    def may_bypass(self, transport: Transport) -> bool:
        """Whether keys that travelled this way can bypass the host's rules."""

    @property
    def rules_every_admin(self) -> bool:
        """Whether the bypass rules every administrator.

        For their keys in a header the host's rules do not count, and need not be read.
        """

    @property
    def must_ask_server(self) -> bool:
        """Whether networks limit the bypass and `note_server` has not been called yet.

        Until then they refuse.
        """

    @property
    def distrusts_addresses(self) -> bool:
        """Whether networks refuse every client, because anybody can claim any address."""

    def note_server(self, *, addresses_are_true: bool) -> bool:
        """Note whether the addresses of clients in the ASGI scope are their own.

        Where they are not, networks refuse from now on. Only the first note counts; return whether
        this one was it.
        """

    def account(self, user: object) -> str | None:
        """Return the name of a user's account, if the bypass rules the user.

        The account is one of the policy file. None also where two accounts name the user.

        Raises:
            AttributeError: The user lacks an attribute.
            TypeError: An attribute is no text.
        """

    @property
    def accounts(self) -> dict[str, bool]:
        """For each account of the policy file, by its name, whether it has endpoints."""

    def reaches(self, method: str | None, template: str, *, account: str | None = None) -> bool:
        """Whether the allowed endpoints, if there are any, let a key reach a route.

        With an account, they are its endpoints and those of the environment: both must reach the
        route, be it by different paths.

        Args:
            method: Its method, None if it answers to every one.
            template: Its path, with `{}` for one segment and `{:path}` for any number of them.
            account: The name of an account.

        Raises:
            KeyError: The policy file has no such account.
        """

    def covering(self, method: str, path: str, *, account: str | None = None) -> str | None:
        """Return the first entry that covers a request; an endpoint of a preset with its preset.

        Args:
            method: The method.
            path: The path, as in the ASGI scope.
            account: The account whose endpoints are meant; None for those of the environment.

        Raises:
            KeyError: The policy file has no such account.
        """

    def own_key(self, user: object, *, session: bool) -> OwnKey:
        """Return who decides whether a user may create, read and delete their own key.

        Args:
            user: The user, an object with `id`, `email` and `role`.
            session: Whether the request carries the session of a person.

        Raises:
            AttributeError: The user lacks an attribute.
            TypeError: An attribute is no text.
        """

@final
class Audit:
    """Counts decisions, and says what to write down.

    A record is a dict: `event` is `bypass`, `allowed`, `refused` or `unknown key`; `client` and
    `limit` are there also where they are None; `account`, `user`, `key` (its fingerprint),
    `method`, `path` and `transport` where they are known. One with `suppressed` says how many more
    there were in the minute before.
    """

    def __new__(cls, settings: Settings) -> Audit: ...
    def counts(self) -> dict[str, int]:
        """Return how often each decision was counted, by its name."""

    def counts_by_account(self) -> dict[str | None, dict[str, int]]:
        """Return the same for each account of the policy file, by its name.

        None stands for everybody else; together they are what `counts` returns.
        """

    def note(
        self,
        request: _KeyRequest,
        decision: Decision,
        user: str | None,
        account: str | None = None,
    ) -> list[_Record]:
        """Count a decision, and return what is to be written down now.

        That is nothing where the record is suppressed, or the host's rules alone have decided, or
        the bypass is off.

        Args:
            request: The request.
            decision: The decision.
            user: The id of the user whom the key names.
            account: The name of the user's account in the policy file.

        Raises:
            KeyError: The scope has no path.
            TypeError: Something is of another type than it must be.
        """

    def drain(self) -> list[_Record]:
        """Return what was suppressed and not yet written down."""

    def endings(self, now: float) -> list[Ending]:
        """Return the keys that were used within a day and end soon, 1,024 at most.

        Args:
            now: The time now, in epoch seconds.
        """

@final
class SessionVerifier:
    """Verifies the host's session tokens, JSON Web Tokens signed with HS256 (RFC 7519, RFC 7515).

    It answers where it is sure that PyJWT 2.10.1, 2.11.0 and 2.13.0, without options, all give the
    same answer.
    """

    def __new__(cls, secret: str) -> SessionVerifier:
        """Take the secret that the tokens are signed with.

        Raises:
            TypeError: It is no `str`.
        """

    def verify(self, token: object, now: float, /) -> dict[str, Any] | NotImplementedType | None:
        """Return the claims of a token, or None for a token that PyJWT refuses.

        `NotImplemented` is returned where only PyJWT itself can tell. Each dict is a new one.

        Args:
            token: The token; anything but a plain `str` is PyJWT's to judge.
            now: The time now, in epoch seconds.

        Raises:
            TypeError: The time is no number.
        """

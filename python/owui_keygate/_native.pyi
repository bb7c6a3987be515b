"""The native module: settings, the decision, the audit and session tokens, in Rust."""

from collections.abc import Mapping, MutableMapping
from types import NotImplementedType
from typing import Any, ClassVar, final

__all__ = [
    "Audit",
    "Decision",
    "LeftOut",
    "OwnKey",
    "PanicException",
    "Policy",
    "SessionVerifier",
    "Settings",
    "Way",
    "__version__",
    "fingerprint",
    "hold_everyone",
    "parse_duration",
]

__version__: str

class PanicException(BaseException):
    """A bug in the native module. It is no `Exception`, so it must be caught by this name."""

def hold_everyone(proxies: str) -> bool:
    """Whether a list of proxies, parted by commas, holds everyone.

    Networks that fill one wider than 10.0.0.0/8 or fc00::/7 do, each alone or together.
    """

def parse_duration(text: str) -> int:
    """Return a length of time such as `90d`, `12h`, `30m` or `45s` in seconds.

    Raises:
        ValueError: It is none; the message says what was expected.
    """

def fingerprint(api_key: str) -> str:
    """Return what an API key is named by: the first 8 hex digits of its SHA-256."""

@final
class Settings:
    """The settings, read from an environment mapping such as `os.environ`.

    Reading cannot fail: a setting that is not understood becomes a problem, and any problem
    keeps the bypass off.
    """

    def __new__(cls, environment: Mapping[str, str]) -> Settings: ...
    @property
    def enabled(self) -> bool:
        """`OWUI_KEYGATE`: False means that the extension does nothing at all."""

    @property
    def strict(self) -> bool:
        """`OWUI_KEYGATE_STRICT`: the host must not start where the extension is not in place."""

    @property
    def bypass(self) -> bool:
        """`ENABLE_ADMIN_API_KEY_BYPASS`, and False while there is a problem."""

    @property
    def problems(self) -> list[str]:
        """The settings that are not understood, one sentence each. They never hold a value."""

    def to_json(self) -> str:
        """Return all of this, and every setting with its value and effect, as a JSON object."""

@final
class Way:
    """How an API key travelled: a bearer token, the host's API-key header, a cookie, or else."""

    Bearer: ClassVar[Way]
    ApiKeyHeader: ClassVar[Way]
    Cookie: ClassVar[Way]
    Other: ClassVar[Way]

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
    KeysDisabled: ClassVar[Decision]
    NotPermitted: ClassVar[Decision]
    EndpointRefused: ClassVar[Decision]
    AskPermission: ClassVar[Decision]

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
    def decide(
        self,
        way: Way,
        scope: MutableMapping[str, Any],
        now: int,
        user: object | None,
        expires_at: int | None = None,
        created_at: int | None = None,
        keys_enabled: bool = False,
        allowed_endpoints: str | None = None,
        permitted: bool | None = None,
    ) -> Decision:
        """Decide about one request.

        Args:
            way: How the key travelled.
            scope: The ASGI scope, a dict.
            now: The time now, in epoch seconds.
            user: The user whom the key names, an object with `id`, `email` and `role`; None for a
                key that names nobody.
            expires_at: `expires_at` of the key's row, in epoch seconds.
            created_at: `created_at` of the key's row, in epoch seconds.
            keys_enabled: The host's switch.
            allowed_endpoints: The host's endpoint list; None while it is not in force.
            permitted: Whether the host grants `features.api_keys`; None while not asked.

        Raises:
            KeyError: The scope has no path.
            AttributeError: The user lacks an attribute.
            TypeError: Something is of another type than it must be.
        """

    def decide_let_in(
        self,
        way: Way,
        scope: MutableMapping[str, Any],
        now: int,
        user: object,
        times: tuple[int | None, int | None] | None,
    ) -> Decision:
        """Decide about a request that the host has let in by its own rules.

        Args:
            way: How the key travelled.
            scope: The ASGI scope, a dict.
            now: The time now, in epoch seconds.
            user: Whom the host has let in.
            times: `expires_at` and `created_at` of the key's row, in epoch seconds; None where the
                row could not be read.

        Raises:
            KeyError: The scope has no path.
            AttributeError: The user lacks an attribute.
            TypeError: Something is of another type than it must be.
        """

    @property
    def bypass(self) -> bool:
        """Whether the bypass is on."""

    def may_bypass(self, way: Way) -> bool:
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

    def reaches(self, method: str | None, template: str) -> bool:
        """Whether the allowed endpoints, if there are any, let a key reach a route.

        Args:
            method: Its method, None if it answers to every one.
            template: Its path, with `{}` for one segment and `{:path}` for any number of them.
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
    """Counts decisions, and says which to write down."""

    def __new__(cls, settings: Settings) -> Audit: ...
    def counts(self) -> list[tuple[Decision, int]]:
        """Return how often each decision was counted."""

    def note(
        self,
        decision: Decision,
        user: str | None,
        api_key: str,
        scope: MutableMapping[str, Any],
        now: float,
    ) -> list[LeftOut] | None:
        """Count a decision, and return what was left out in the minute before, as `drain` does.

        Return None where the decision is not to be written down: it is left out itself, or the
        host's rules alone have made it, or the bypass is off.

        Args:
            decision: The decision.
            user: The id of the user whom the key names.
            api_key: The key.
            scope: The ASGI scope, a dict.
            now: The time, in seconds, of a clock that never goes back.

        Raises:
            KeyError: The scope has no path.
            TypeError: Something is of another type than it must be.
        """

    def drain(self) -> list[LeftOut]:
        """Return what was left out and not yet told."""

@final
class LeftOut:
    """Events that were left out of the log; of unknown keys, only their client is told."""

    @property
    def decision(self) -> Decision:
        """The decision."""

    @property
    def user(self) -> str | None:
        """The user's id."""

    @property
    def key(self) -> str | None:
        """The fingerprint of the key."""

    @property
    def method(self) -> str | None:
        """The method."""

    @property
    def path(self) -> str | None:
        """The path, cut after 512 characters."""

    @property
    def client(self) -> str | None:
        """The address of the client, cut after 64 characters."""

    @property
    def count(self) -> int:
        """How many they are."""

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

"""The native module: settings, the decision, the audit and session tokens, in Rust."""

from collections.abc import Mapping, MutableMapping
from types import NotImplementedType
from typing import Any, ClassVar, final

__all__ = [
    "Audit",
    "Decision",
    "PanicException",
    "Policy",
    "SessionVerifier",
    "Settings",
    "Way",
    "__version__",
    "parse_duration",
]

__version__: str

class PanicException(BaseException):
    """A bug in the native module. It is no `Exception`, so it must be caught by this name."""

def parse_duration(text: str) -> int:
    """Return a length of time such as `90d`, `12h`, `30m` or `45s` in seconds.

    Raises:
        ValueError: It is none; the message says what was expected.
    """

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
    UnknownKey: ClassVar[Decision]
    ExpiredKey: ClassVar[Decision]
    AgeLimit: ClassVar[Decision]
    NetworkLimit: ClassVar[Decision]
    EndpointLimit: ClassVar[Decision]
    KeysDisabled: ClassVar[Decision]
    NotPermitted: ClassVar[Decision]
    EndpointRefused: ClassVar[Decision]
    AskPermission: ClassVar[Decision]

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

    def decide_by_host(
        self, scope: MutableMapping[str, Any], keys_enabled: bool, allowed_endpoints: str | None
    ) -> Decision:
        """Return what the host's rules alone make of an administrator's request."""

    def admin_regime(self, way: Way) -> bool:
        """Whether the admin regime rules keys that travelled this way, of some user at least."""

    @property
    def rules_every_admin(self) -> bool:
        """Whether the admin regime rules every administrator.

        The host's rules do not count for them there and need not be read.
        """

    def lets_change(self, path: str) -> bool:
        """Whether the allowed endpoints let a key change something at a path or below it."""

    def may_manage_own_key(self, user: object, *, session: bool) -> bool:
        """Whether a user may manage their own key although the host's switch is off."""

@final
class Audit:
    """Counts decisions, and says which to write down."""

    def __new__(cls, settings: Settings) -> Audit: ...
    def counts(self) -> list[tuple[Decision, int]]:
        """Return how often each decision was counted."""

    def note(
        self, decision: Decision, user: str | None, scope: MutableMapping[str, Any], now: float
    ) -> list[tuple[str, str, str, Decision, int]] | None:
        """Count a decision, and return what was left out in the minute before, as `drain` does.

        Return None where the decision is not to be written down: it is left out itself, or there is
        no user.

        Args:
            decision: The decision.
            user: The user's id; None for what is counted only.
            scope: The ASGI scope, a dict.
            now: The time, in seconds, of a clock that never goes back.

        Raises:
            KeyError: The scope has no path.
            TypeError: Something is of another type than it must be.
        """

    def drain(self) -> list[tuple[str, str, str, Decision, int]]:
        """Return what was left out and not yet told: user id, method, path, decision, count."""

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

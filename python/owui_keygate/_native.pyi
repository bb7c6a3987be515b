"""The native module: settings, the decision and session tokens, in Rust."""

from collections.abc import Mapping
from types import NotImplementedType
from typing import Any, ClassVar, final

__all__ = [
    "Decision",
    "PanicException",
    "Policy",
    "SessionVerifier",
    "Settings",
    "Way",
    "__version__",
]

__version__: str

class PanicException(BaseException):
    """A bug in the native module. It is no `Exception`, so it must be caught by this name."""

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
    KeysDisabled: ClassVar[Decision]
    NotPermitted: ClassVar[Decision]
    EndpointRefused: ClassVar[Decision]
    AskPermission: ClassVar[Decision]

    def __hash__(self) -> int: ...
    def __int__(self) -> int: ...

@final
class Policy:
    """The decision, with the setting it depends on."""

    def __new__(cls, bypass: bool) -> Policy: ...
    def decide(
        self,
        way: Way,
        path: str,
        now: int,
        role: str | None,
        expires_at: int | None = None,
        keys_enabled: bool = False,
        allowed_endpoints: str | None = None,
        permitted: bool | None = None,
    ) -> Decision:
        """Decide about one request.

        Args:
            way: How the key travelled.
            path: The path of the ASGI scope.
            now: The time now, in epoch seconds.
            role: The role of the user whom the key names; None for a key that names nobody.
            expires_at: `expires_at` of the key's row, in epoch seconds.
            keys_enabled: The host's switch.
            allowed_endpoints: The host's endpoint list; None while it is not in force.
            permitted: Whether the host grants `features.api_keys`; None while not asked.
        """

    def admin_regime(self, way: Way) -> bool:
        """Whether the admin regime rules an administrator's key that travelled this way.

        The host's rules do not count there and need not be read.
        """

    def may_manage_own_key(self, *, role: str, session: bool) -> bool:
        """Whether a user may manage their own key although the host's switch is off."""

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

"""The presets of endpoints: `@status`, `@read` and others, each a list of routes of a release.

A preset says which paths, methods and classes of routes belong to it; what a release has of them
comes from the table of routes. An entry names one route and nothing below it. Of a route that
takes a path of any length, an entry covers paths of one segment: what is longer could be another
route, of this release or of the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from owui_keygate.settings.routes import EVERY_METHOD, HARMLESS, classes_of

if TYPE_CHECKING:
    from owui_keygate.settings.routes import Release, Route

_SEGMENT = "{id}"

KEYS_APART = (0, 6, 41)
"""The first release with a table of keys. Before, a key is a column of its user, and the list of
users shows it."""


class Part(NamedTuple):
    """Routes, by their paths, methods and classes.

    Attributes:
        methods: The methods, with spaces between them.
        paths: The paths as in the table of routes, each for itself and what is below it, by
            segments; one that ends in `$` for itself alone.
        kinds: The classes.
    """

    methods: str
    paths: tuple[str, ...]
    kinds: tuple[str, ...] = (HARMLESS,)

    def holds(self, route: Route, kind: str) -> bool:
        """Whether a route of a class belongs to it."""
        return (
            route.method in self.methods.split()
            and kind in self.kinds
            and any(_is_below(route.template, path) for path in self.paths)
        )


class Preset(NamedTuple):
    """A preset.

    Attributes:
        meaning: What a key gets by it, for people.
        parts: The routes that belong to it.
        without: The paths among them that do not, with what is below them.
        with_keys: The paths that do not in a release that answers there with everybody's API keys.
    """

    meaning: str
    parts: tuple[Part, ...]
    without: tuple[str, ...] = ()
    with_keys: tuple[str, ...] = ()

    def holds(self, route: Route, kind: str, release: Release) -> bool:
        """Whether a route of a class belongs to it."""
        without = self.without if release >= KEYS_APART else self.without + self.with_keys
        return any(part.holds(route, kind) for part in self.parts) and not any(
            _is_below(route.template, path) for path in without
        )


_MODELS = Part("GET", ("/api/models", "/api/v1/models"))
_OF_ONESELF = ("/api/v1/users/user",)
_SESSIONS = ("/api/v1/users/{}/oauth",)
_DEFAULTS = ("/api/v1/users/default",)

PRESETS = {
    "status": Preset(
        "whether Open WebUI and its database answer, its version, and what owui-keygate does",
        (Part("GET", ("/health", "/ready", "/api/version$", "/api/v1/keygate$")),),
    ),
    "models": Preset("the models and what they are", (_MODELS,)),
    "chat": Preset(
        "the models, and answers of them by the APIs of OpenAI and Anthropic",
        (
            _MODELS,
            Part(
                "POST",
                (
                    "/api/chat/completions$",
                    "/api/message",
                    "/api/v1/chat/completions$",
                    "/api/v1/messages",
                ),
                ("upstream",),
            ),
        ),
    ),
    "users-read": Preset(
        "the accounts of all users with their settings, which may hold keys for other services",
        (Part("GET", ("/api/v1/users",), (HARMLESS, "data")),),
        (*_OF_ONESELF, *_SESSIONS, *_DEFAULTS),
        with_keys=("/api/v1/users/$",),
    ),
    "users": Preset(
        "all accounts, and to add, change and delete them: as good as every right there is",
        (
            Part("GET", ("/api/v1/users",), (HARMLESS, "data")),
            Part("POST DELETE", ("/api/v1/users", "/api/v1/auths/add$"), ("accounts",)),
        ),
        (*_OF_ONESELF, *_SESSIONS, *_DEFAULTS),
    ),
    "groups": Preset(
        "the groups, their members and their permissions, and to change all of them",
        (
            Part("GET", ("/api/v1/groups",), (HARMLESS, "data")),
            Part("POST DELETE", ("/api/v1/groups",), ("data", "accounts")),
        ),
    ),
    "read": Preset(
        "what can be read, without secrets, everybody's data and the answers of other servers",
        (Part("GET", ("/",)),),
        (
            # They lead a browser through a sign-in, or out of it.
            "/api/v1/auths/signout",
            "/oauth",
            # It takes no key.
            "/api/v1/keygate/keys",
        ),
    ),
}
"""The presets, by their names."""


def presets_of(release: Release) -> dict[str, list[str]]:
    """Return for each preset the endpoints that it stands for.

    Args:
        release: The release of the host. One that was not tried has the endpoints of the newest
            that was tried and is older; one that is older than all of them has no presets.
    """
    classes = classes_of(release)
    if not classes:
        return {}
    return {name: _endpoints(preset, release, classes) for name, preset in PRESETS.items()}


def _endpoints(preset: Preset, release: Release, classes: dict[Route, str]) -> list[str]:
    methods: dict[str, list[str]] = {}
    for route, kind in sorted(classes.items()):
        # What another application is mounted at are files for browsers, and asks for no key.
        if route.method != EVERY_METHOD and preset.holds(route, kind, release):
            path = route.template.replace("{:path}", _SEGMENT).replace("{}", _SEGMENT)
            methods.setdefault(path, []).append(route.method)
    return [f"{'|'.join(names)} {path}$" for path, names in sorted(methods.items())]


def _is_below(template: str, path: str) -> bool:
    if path.endswith("$"):
        return template == path[:-1]
    return template == path or template.startswith(path.rstrip("/") + "/")

"""The routes of the host, and the class of each: what an administrator's key gets from it.

`routes.txt` beside this module has a line for each route of each release that was tried: method,
path, class, and the first and the last of these releases that have it, `0.5.4-` where the newest
still does. Where a route belongs to several classes, it has the one that is of most use to
somebody who wants out of a limit. `upstream` is also what answers with the words of another server,
as most routes below `/openai` and `/ollama` do; Open WebUI's own list of models is not, although it
asks those servers, too. What the class says is what the route does for those whom the
host lets in there; the host asks some of them for another secret than a key (SCIM, sign-in).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HARMLESS = "harmless"
DANGERS = {
    "code": "run code",
    "accounts": "change accounts or keys",
    "configuration": "change configuration, connections or what everybody uses",
    "data": "read secrets or everybody's data",
    "later": "act later, when the key may be gone",
    "upstream": "pass requests on to other servers",
}
"""The classes that are not harmless, the worst first, with what a route of each lets a key do."""

EVERY_METHOD = "*"
TABLE = Path(__file__).with_name("routes.txt")
_PARAMETER = re.compile(r"\{[^{}:]*(:path)?[^{}]*\}")


class Route(NamedTuple):
    """A route, by what it answers to.

    Attributes:
        method: The method, `*` for every one.
        template: The path: `{}` stands for one segment, `{:path}` for any number of them.
    """

    method: str
    template: str

    def __str__(self) -> str:
        """Return it as it stands in the table."""
        return f"{self.method} {self.template}"


OWN = {
    Route("GET", "/api/v1/keygate"): HARMLESS,
    Route("GET", "/api/v1/keygate/keys"): HARMLESS,
}
"""The routes that the extension adds to the host, with their classes; the second takes no key."""

Release = tuple[int, ...]


class Row(NamedTuple):
    """A line of the table.

    Attributes:
        route: The route.
        kind: Its class.
        first: The first release that was tried and has it.
        last: The last one, or None where the newest that was tried still has it.
    """

    route: Route
    kind: str
    first: Release
    last: Release | None

    def is_of(self, release: Release) -> bool:
        """Whether a release has the route, going by those that were tried."""
        return self.first <= release and (self.last is None or release <= self.last)


def template_of(path: str) -> str:
    """Return the path of a route, as Starlette writes it, without the names of its parameters."""
    return _PARAMETER.sub(lambda parameter: f"{{{parameter[1] or ''}}}", path)


def mounted(path: str) -> str:
    """Return the template of all that an application mounted at a path answers to."""
    return template_of(path.rstrip("/")) + "/{:path}"


@cache
def read_table() -> tuple[Row, ...]:
    """Return the lines of the table, which is a file of the package and never changes."""
    return tuple(_row(*line.split()) for line in TABLE.read_text(encoding="utf-8").splitlines())


def _row(method: str, template: str, kind: str, releases: str) -> Row:
    first, _, last = releases.partition("-")
    return Row(Route(method, template), kind, _release(first), _release(last) if last else None)


def _release(text: str) -> Release:
    return tuple(int(number) for number in text.split("."))


def read_classes() -> dict[Route, str]:
    """Return the class of every route of every release that was tried, and of our own."""
    return OWN | {row.route: row.kind for row in read_table()}


def classes_of(release: Release) -> dict[Route, str]:
    """Return the class of every route of a release, and of our own.

    A release that was not tried has the routes of the newest that was tried and is older; one that
    is older than all of them has none.
    """
    rows = read_table()
    known = max((each for each in _tried(rows) if each <= release), default=None)
    if known is None:
        return {}
    return OWN | {row.route: row.kind for row in rows if row.is_of(known)}


def newest_release() -> Release:
    """Return the newest release that was tried."""
    return max(_tried(read_table()))


def _tried(rows: tuple[Row, ...]) -> set[Release]:
    """Return the releases that were tried: each has a route that came or went with it."""
    return {row.first for row in rows} | {row.last for row in rows if row.last is not None}


def routes_of(application: Any) -> list[Route]:  # noqa: ANN401 (Starlette's, or one of its kind)
    """Return the routes of an application and of those mounted in it, in the order it tries them.

    A WebSocket is no route here: it has no method, and the host takes no API key on one.

    Raises:
        TypeError: It has a route of a kind that is not known.
    """
    return list(dict.fromkeys(_walk(application.routes, "")))


def _walk(routes: Iterable[Any], prefix: str) -> Iterator[Route]:
    from starlette import routing

    for route in routes:
        match route:
            case routing.Mount() if route.routes:
                yield from _walk(route.routes, prefix + route.path)
            case routing.Mount():
                yield Route(EVERY_METHOD, mounted(prefix + route.path))
            case routing.Route():
                template = template_of(prefix + route.path)
                for method in sorted(route.methods or {EVERY_METHOD}):
                    yield Route(method, template)
            case routing.WebSocketRoute():
                continue
            case _:
                message = f"a route of the kind {type(route).__name__}"
                raise TypeError(message)

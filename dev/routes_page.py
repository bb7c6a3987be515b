"""Writes what the documentation says of the host's routes, from the table of their classes.

`python -m dev.routes_page` writes docs/routes.md and the table in docs/limits.md, for the
newest release that was tried. A unit test fails while they are not what it would write.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from owui_keygate.settings.escape_routes import FOREMOST
from owui_keygate.settings.routes import DANGERS, HARMLESS, read_classes

from dev.host_routes import known_of
from harness.environments import RELEASES, ROOT

if TYPE_CHECKING:
    from owui_keygate.settings.routes import Route

NEWEST = RELEASES[-1]
PAGE = ROOT / "docs" / "routes.md"
LIMITS = ROOT / "docs" / "limits.md"
BEGIN = "<!-- `make routes` writes what follows. -->\n"
END = "<!-- `make routes` writes up to here. -->\n"
NAMED = 3
"""How many routes of a class the short table names."""


def by_class() -> dict[str, list[Route]]:
    """Return the routes of the newest release by their class, in the order of their paths."""
    classes = read_classes()
    found: dict[str, list[Route]] = {kind: [] for kind in (*DANGERS, HARMLESS)}
    for route in sorted(known_of(NEWEST), key=lambda route: (route.template, route.method)):
        found[classes[route]].append(route)
    return found


def short_table() -> str:
    """Return the table of docs/limits.md."""
    lines = [
        f"| class | its routes let a key | in {NEWEST} | for example |",
        "| --- | --- | --- | --- |",
    ]
    for kind, routes in by_class().items():
        if kind != HARMLESS:
            names = sorted(map(str, routes), key=lambda name: name not in FOREMOST)[:NAMED]
            examples = ", ".join(f"`{name}`" for name in names)
            link = f"[{kind}](routes.md#{kind})"
            lines.append(f"| {link} | {DANGERS[kind]} | {len(routes)} | {examples} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return docs/routes.md."""
    lines = [
        f"# The routes of Open WebUI {NEWEST}",
        "",
        "`make routes` writes this page from the table behind the warnings of `owui-keygate "
        "doctor`. A route that fits several classes is in the one that helps an administrator's "
        "key most to escape its limits. `{}` stands for one segment of a path, `{:path}` for any "
        "number of segments, and `*` for every method. [limits.md](limits.md) says what the "
        "classes mean for a list of endpoints.",
    ]
    for kind, routes in by_class().items():
        lines += ["", f"## {kind}", "", f"{_sentence(kind)}: {len(routes)} routes.", ""]
        lines += ["| path | methods |", "| --- | --- |"]
        methods = defaultdict(list)
        for route in routes:
            methods[route.template].append(route.method)
        lines += [f"| `{path}` | {' '.join(names)} |" for path, names in methods.items()]
    return "\n".join(lines) + "\n"


def limits_page(text: str) -> str:
    """Return docs/limits.md with its table written anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{short_table()}\n{END}{after}"


def _sentence(kind: str) -> str:
    if kind == HARMLESS:
        return "None of these gets a key out of its limits"
    return f"Each of these lets a key {DANGERS[kind]}"


def main() -> None:
    """Write both."""
    PAGE.write_text(page(), encoding="utf-8")
    LIMITS.write_text(limits_page(LIMITS.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

"""A copy of the host with some of its files altered, to be put before the real one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.environments import Environment


def alter_host(
    environment: Environment, folder: Path, file: str, old: str, new: str
) -> dict[str, str]:
    """Alter a file in a copy of the host, and return the settings that lead a server to the copy.

    All other files of the copy are links.

    Args:
        environment: Where the host is installed.
        folder: Where the copy goes.
        file: The file, below `open_webui`.
        old: A text that stands in it once.
        new: What it becomes.
    """
    original = environment.site_packages / "open_webui"
    copy = folder / "lib" / "open_webui"
    link_tree(original, copy, Path(file).parts)
    text = (original / file).read_text()
    assert text.count(old) == 1
    (copy / file).write_text(text.replace(old, new))
    (folder / "CHANGELOG.md").touch()  # An empty one, as in `host_environment`.
    return {"PYTHONPATH": str(copy.parent)}


def link_tree(original: Path, copy: Path, kept_apart: tuple[str, ...]) -> None:
    """Make a folder of links to what is in another, with the path `kept_apart` left out."""
    copy.mkdir(parents=True)
    first, *rest = kept_apart
    for entry in original.iterdir():
        if entry.name != first:
            (copy / entry.name).symlink_to(entry)
        elif rest:
            link_tree(entry, copy / first, tuple(rest))

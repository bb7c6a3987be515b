"""What the extension knows of one generation of the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from owui_keygate.patching.points import PatchPoint
    from owui_keygate.readers.choice import Choice

Release = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Generation:
    """A range of releases that decide about API keys in the same way.

    Attributes:
        name: The letter it goes by. Releases whose functions differ in shape only share one.
        first: The first release it covers.
        below: The first release it no longer covers.
        tried: The releases the live tests have run on.
        choose_reader: Chooses how the database at an URL is read.
        patch_points: What is replaced.
        announced_by: The module after which the extension says that it is in place, where no
            function that is replaced tells when the host has set up its logs.
    """

    name: str
    first: Release
    below: Release
    tried: tuple[str, ...]
    choose_reader: Callable[[str], Choice]
    patch_points: tuple[PatchPoint, ...]
    announced_by: str | None = None

    def covers(self, version: Release) -> bool:
        """Whether a release belongs to this generation."""
        return self.first <= version < self.below

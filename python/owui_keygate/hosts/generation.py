"""What the extension knows of one generation of the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from owui_keygate.patches import PatchPoint


@dataclass(frozen=True, slots=True)
class Generation:
    """A range of releases that decide about API keys in the same way.

    Attributes:
        name: The letter it goes by.
        first: The first release it covers.
        below: The first release it no longer covers.
        tried: The releases the live tests have run on.
        patch_points: What is replaced.
    """

    name: str
    first: tuple[int, ...]
    below: tuple[int, ...]
    tried: tuple[str, ...]
    patch_points: tuple[PatchPoint, ...]

    def covers(self, version: tuple[int, ...]) -> bool:
        """Whether a release belongs to this generation."""
        return self.first <= version < self.below

    @property
    def supported(self) -> str:
        """The range, for people to read."""
        first, below = (".".join(map(str, release)) for release in (self.first, self.below))
        return f"{first} to before {below}"

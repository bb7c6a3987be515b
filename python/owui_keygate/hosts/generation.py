"""What the extension knows of one generation of the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from owui_keygate.readers.choice import ReaderChoice

if TYPE_CHECKING:
    from collections.abc import Callable

    from owui_keygate.patching.points import PatchPoint

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
    choose_reader: Callable[[str], ReaderChoice]
    patch_points: tuple[PatchPoint, ...]
    announced_by: str | None = None

    def covers(self, version: Release) -> bool:
        """Whether a release belongs to this generation."""
        return self.first <= version < self.below

    def reader_for(self, url: str) -> ReaderChoice:
        """Choose how the database at an URL is read.

        An URL that the host cannot read itself is no error here. Its text may hold the password,
        so the reason names the type of the error alone.
        """
        try:
            return self.choose_reader(url)
        except Exception as error:  # noqa: BLE001 (the host fails at the same URL, and says so)
            reason = f"Open WebUI cannot read DATABASE_URL: {type(error).__name__}"
            return ReaderChoice("none", reason)

"""What tests of the output share."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def stdout(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], int]]:
    """Lead descriptor 1 elsewhere, and put it back."""
    kept = os.dup(1)
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    yield lambda descriptor: os.dup2(descriptor, 1)
    os.dup2(kept, 1)
    os.close(kept)

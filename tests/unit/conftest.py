"""What tests of several modules need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.signals import heeded

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def signals_are_heeded() -> Iterator[None]:
    """Heed each signal, also where a shell or `nohup` has it ignored."""
    with heeded():
        yield

"""The servers of the live tests, and the rows of docs/deployments.md."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.fixtures import keygate, on, servers, stock, world, world_postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.tried import Tried

__all__ = ["keygate", "on", "servers", "stock", "tried", "world", "world_postgres"]


@pytest.fixture
def tried(record_property: Callable[[str, object], None]) -> Tried:
    """Writes rows; they count only if the test passes."""

    def write(what: str, result: str, **versions: str) -> None:
        record_property("tried", json.dumps([what, versions, result]))

    return write

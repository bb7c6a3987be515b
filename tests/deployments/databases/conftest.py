"""A PostgreSQL for the tests of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with Postgres() as made:
        yield made

"""Unit tests of an import without collections."""

from __future__ import annotations

import gc

import pytest
from owui_keygate.commands.garbage import no_collections


def test_nothing_is_collected_meanwhile_and_what_was_made_stays() -> None:
    with no_collections():
        collected_meanwhile = gc.isenabled()
        made: list[list[str]] = [[] for _ in range(10)]
    try:
        assert not collected_meanwhile
        assert gc.isenabled()
        assert gc.get_freeze_count() >= len(made)
        assert not any(each is one for each in gc.get_objects() for one in made)
    finally:
        gc.unfreeze()


def test_a_failure_ends_it() -> None:
    with pytest.raises(ImportError), no_collections():
        raise ImportError
    assert gc.isenabled()
    gc.unfreeze()

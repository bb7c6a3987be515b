"""The generations: every release belongs to one."""

from __future__ import annotations

import dataclasses
import itertools
from typing import NoReturn

import pytest
from owui_keygate.hosts import GENERATIONS, choose
from owui_keygate.patching.patches import HostDoesNotFitError

from harness.environments import RELEASES


def test_they_follow_each_other_without_a_gap() -> None:
    for one, next_one in itertools.pairwise(GENERATIONS):
        assert one.first < one.below == next_one.first
    names = [generation.name for generation in GENERATIONS]
    assert names == sorted(names)
    assert set(names) == set("ABCD")


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("0.5.4", "A"),
        ("0.6.36", "A"),
        ("0.6.37", "B"),
        ("0.8.12", "B"),
        ("0.9.0", "C"),
        ("0.9.6", "C"),
        ("0.10.0", "D"),
        ("0.12.4", "D"),
        ("0.12.4-dev", "D"),
    ],
)
def test_the_boundaries(release: str, name: str) -> None:
    assert choose(release).name == name


@pytest.mark.parametrize("release", ["0.5.3", "0.13.0", "1.0.0", "", "unknown"])
def test_other_releases_belong_to_none(release: str) -> None:
    message = f"expected Open WebUI 0.5.4 to before 0.13.0, found {release}"
    with pytest.raises(HostDoesNotFitError, match=message):
        choose(release)


def test_what_is_called_tried_is_what_the_tests_run_on() -> None:
    tried = [release for generation in GENERATIONS for release in generation.tried]
    assert tried == RELEASES
    for generation in GENERATIONS:
        assert all(choose(release) is generation for release in generation.tried)


def test_a_url_that_the_host_cannot_read_chooses_no_reader_and_shows_no_password() -> None:
    def fail(url: str) -> NoReturn:
        raise ValueError(url)

    generation = dataclasses.replace(choose("0.12.4"), choose_reader=fail)
    choice = generation.reader_for("postgresql://user:secret@host/x")
    assert choice == ("none", "Open WebUI cannot read DATABASE_URL: ValueError")
    assert choose("0.8.12").reader_for("user:secret at a host").name == "none"

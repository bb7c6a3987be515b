"""Off is stock; on differs in what it promises, and in nothing else."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.live.table import ALL_RULES, ALL_WAYS, PATHS, Answer, Row, Rules, ask

if TYPE_CHECKING:
    from tests.live.conftest import Servers, World

BYPASSING_WAYS = {"bearer", "bearer, small", "bearer, two spaces", "x-api-key"}
"""The ways by which a key is in a header of its own, where the host finds it first."""

STATUS_WITHOUT_RULES = {
    "on the list": 200,
    "below": 200,
    "off the list": 200,
    "beside": 200,
    "beside, one letter more": 400,
    "encoded slash": 200,
    "encoded letter": 200,
    "query": 200,
}
"""What the host answers an administrator when no rule about keys is in force. The other paths
lead to the web page, which asks for no credential."""

OFF_THE_LIST = {"off the list", "beside", "beside, one letter more"}


class Answers:
    """What each server answers to every question."""

    def __init__(self, servers: Servers, world: World) -> None:
        with ThreadPoolExecutor() as pool:
            tables = pool.map(lambda server: ask(server, world), servers)
            self.stock, self.off, self.on = tables


@pytest.fixture(scope="module")
def answers(servers: Servers, world: World) -> Answers:
    return Answers(servers, world)


def differences(one: dict[Row, Answer], other: dict[Row, Answer]) -> dict[Row, tuple[int, int]]:
    assert one.keys() == other.keys()
    return {row: (one[row].status, other[row].status) for row in one if one[row] != other[row]}


def expected_differences() -> dict[Row, tuple[int, int]]:
    """Administrators' valid keys in a header, where the host's rules refuse them."""
    refused = {
        Rules(enabled=True, restricted=True): OFF_THE_LIST,
        Rules(enabled=False, restricted=True): STATUS_WITHOUT_RULES,
        Rules(enabled=False, restricted=False): STATUS_WITHOUT_RULES,
    }
    return {
        Row(rules, "admin", "valid", way, path): (403, STATUS_WITHOUT_RULES[path])
        for rules, paths in refused.items()
        for way, path in itertools.product(BYPASSING_WAYS, paths)
    }


def test_the_table_asks_what_it_means_to(answers: Answers) -> None:
    """Guard against a table in which everything is refused, or nothing is."""
    keys_on = Rules(enabled=True, restricted=False)
    for who in ("admin", "permitted"):
        row = Row(keys_on, who, "valid", "bearer", "on the list")
        assert answers.stock[row].status == 200
    for who, kind in (("plain", "valid"), ("admin", "deleted"), ("admin", "replaced")):
        row = Row(keys_on, who, kind, "bearer", "on the list")
        assert answers.stock[row].status in {401, 403}
    for path, status in STATUS_WITHOUT_RULES.items():
        assert answers.stock[Row(keys_on, "admin", "valid", "bearer", path)].status == status
    assert len(answers.stock) == len(ALL_RULES) * 24 * len(ALL_WAYS) * len(PATHS)


def test_off_is_stock(answers: Answers) -> None:
    assert differences(answers.stock, answers.off) == {}


def test_on_differs_for_administrators_keys_in_a_header_and_nowhere_else(answers: Answers) -> None:
    assert differences(answers.stock, answers.on) == expected_differences()


def test_a_bypassing_request_gets_what_the_host_answers_without_rules(answers: Answers) -> None:
    no_rules = Rules(enabled=True, restricted=False)
    for row in expected_differences():
        if row.path == "off the list":
            continue  # This answer is the configuration, which holds the rules themselves.
        assert answers.on[row] == answers.stock[row._replace(rules=no_rules)], row

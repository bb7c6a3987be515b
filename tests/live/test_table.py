"""Off is stock; on differs in what it promises, and in nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support.generations import GENERATION
from tests.support.table import ALL_RULES, ALL_WAYS, PATHS, Answer, Row, Rules, ask

if TYPE_CHECKING:
    from tests.support.world import Servers, World

HEADER_WAYS = {"bearer", "bearer, small", "bearer, two spaces", "x-api-key"}
"""The ways by which a key is in a header of its own, where the host finds it first."""

NO_RULES = Rules(enabled=True, restricted=False)
LIST_ONLY = Rules(enabled=True, restricted=True)

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
"""What hosts of generation D answer an administrator when no rule about keys is in force. The other
paths lead to the web page, which asks for no credential."""


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


def ruled_by_admin_regime(row: Row) -> bool:
    """Whether it is an administrator's valid key in a header."""
    return row.who == "admin" and row.key == "valid" and row.way in HEADER_WAYS


def closes_hole(row: Row, stock: dict[Row, Answer]) -> bool:
    """Whether generation B forgets the endpoint list for an administrator's key that is no bearer.

    It is forgotten where the list refuses the same key as a bearer, and the route asks for a
    credential at all.
    """
    return (
        GENERATION == "B"
        and (row.rules, row.who, row.key) == (LIST_ONLY, "admin", "valid")
        and row.way not in HEADER_WAYS
        and stock[row._replace(way="bearer")].status == 403
        and stock[row].status not in {401, 403}
        and stock[row._replace(who="nobody", key="unknown")].status == 401
    )


def expected(row: Row, stock: dict[Row, Answer]) -> int:
    """Return the status that the server with the bypass on must answer."""
    if ruled_by_admin_regime(row):
        return stock[row._replace(rules=NO_RULES)].status
    return 403 if closes_hole(row, stock) else stock[row].status


def test_the_table_asks_what_it_means_to(answers: Answers) -> None:
    """Guard against a table in which everything is refused, or nothing is."""
    for who in ("admin", "permitted"):
        assert answers.stock[Row(NO_RULES, who, "valid", "bearer", "on the list")].status == 200
    for kind in ("deleted", "replaced"):
        assert answers.stock[Row(NO_RULES, "admin", kind, "bearer", "on the list")].status == 401
    for rules in ALL_RULES:
        refused = answers.stock[Row(rules, "admin", "valid", "bearer", "off the list")]
        assert refused.status == (200 if rules == NO_RULES else 403)
    assert len(answers.stock) == len(ALL_RULES) * 24 * len(ALL_WAYS) * len(PATHS)


@pytest.mark.skipif(GENERATION != "D", reason="written down for generation D")
@pytest.mark.parametrize("path", PATHS)
def test_the_hosts_answer_without_rules_is_the_one_written_down(
    answers: Answers, path: str
) -> None:
    answer = answers.stock[Row(NO_RULES, "admin", "valid", "bearer", path)]
    assert answer.status == STATUS_WITHOUT_RULES.get(path, 200)


def test_off_is_stock(answers: Answers) -> None:
    assert differences(answers.stock, answers.off) == {}


def test_on_differs_for_administrators_keys_in_a_header_and_nowhere_else(answers: Answers) -> None:
    wrong = {
        row: (answers.stock[row].status, answer.status)
        for row, answer in answers.on.items()
        if answer.status != expected(row, answers.stock)
    }
    assert wrong == {}
    differing = [row for row in answers.on if answers.on[row] != answers.stock[row]]
    assert all(ruled_by_admin_regime(row) or closes_hole(row, answers.stock) for row in differing)
    ways = {row.way for row in differing if ruled_by_admin_regime(row)}
    assert {"bearer", "bearer, small"} <= ways


def test_a_bypassing_request_gets_what_the_host_answers_without_rules(answers: Answers) -> None:
    for row in filter(ruled_by_admin_regime, answers.on):
        if row.path == "off the list":
            continue  # This answer is the configuration, which holds the rules themselves.
        assert answers.on[row] == answers.stock[row._replace(rules=NO_RULES)], row


@pytest.mark.skipif(GENERATION != "B", reason="other generations have no such hole")
def test_an_administrators_key_in_a_cookie_does_not_get_around_the_list(answers: Answers) -> None:
    closed = [row for row in answers.on if closes_hole(row, answers.stock)]
    assert {"cookie", "cookie and x-api-key"} <= {row.way for row in closed}
    bearer = Row(LIST_ONLY, "admin", "valid", "bearer", "off the list")
    assert {answers.on[row].body for row in closed} == {answers.stock[bearer].body}

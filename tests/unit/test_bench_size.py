"""The benchmark of sizes judges in the right direction."""

from __future__ import annotations

import pytest

from benches.size import report
from benches.size.growth import CHECK_ONE, Growth
from benches.size.tails import Tail, percentiles


def growth(many: float, side: str = "keygate") -> Growth:
    return Growth(CHECK_ONE, "SQLite", side, [100.0, 50.0, 200.0], [many, many / 2, many * 9])


@pytest.mark.parametrize(("many", "reached"), [(90, True), (130, True), (131, False)])
def test_what_grows_too_much_is_missed(many: float, reached: bool) -> None:
    found = growth(many)
    assert found.times == pytest.approx(many / 100)
    assert found.is_reached == reached


def test_the_page_shows_verdicts_of_the_extension_alone() -> None:
    growths = [growth(500, "stock"), growth(500), growth(90)]
    tails = [Tail("SQLite", 256, "stock", 5000, [1.0, 2.5, 30.0])]
    page = report.markdown({"date": "today"}, {"SQLite": (100, 100_000)}, growths, tails)
    assert "100 and 100,000 people" in page
    assert "| stock | 100 | 500 | 5.00 |  |" in page
    assert "| keygate | 100 | 500 | 5.00 | 1.3 at most: missed |" in page
    assert "| keygate | 100 | 90 | 0.90 | 1.3 at most: reached |" in page
    assert "| SQLite | 256 | stock | 5,000 | 1.00 | 2.50 | 30.00 |" in page


def test_percentiles() -> None:
    assert percentiles([number / 1000 for number in range(10_001)]) == pytest.approx(
        [5000, 9900, 9990]
    )

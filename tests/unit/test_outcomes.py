"""A run of others' tests counts only if pytest ran to its end, and a test in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dev import outcomes
from dev.outcomes import NoOutcomesError, count, differing, read, run_pytest
from harness.environments import Environment

TESTS = Path(sys.prefix)
"""Where the pytest that runs this is."""
MIXED = """
import pytest

def test_good(): pass
def test_bad(): assert False
@pytest.mark.skip
def test_skipped(): pass
@pytest.fixture
def broken(): assert False
def test_without_what_it_needs(broken): pass
@pytest.fixture
def fragile():
    yield
    assert False
def test_bad_to_its_end(fragile): assert False
"""


def ran(folder: Path, source: str, *arguments: str, strict: bool = True) -> dict[str, str]:
    (folder / "test_it.py").write_text(source)
    report = folder / "report.xml"
    options = ("-p", "no:cacheprovider", *arguments)
    return run_pytest(Environment(TESTS), report, {}, options, cwd=folder, strict=strict)


def test_results_by_name(tmp_path: Path) -> None:
    found = ran(tmp_path, MIXED)
    assert found == {
        "test_it::test_good": "passed",
        "test_it::test_bad": "failed",
        "test_it::test_skipped": "skipped",
        "test_it::test_without_what_it_needs": "error",
        "test_it::test_bad_to_its_end": "failed+error",
    }
    assert count(found) == "1 error, 1 failed, 1 failed+error, 1 passed, 1 skipped"


@pytest.mark.parametrize(
    ("source", "arguments", "why"),
    [
        ("import no_such_module", [], "pytest stopped early"),
        ("def pytest_runtestloop(): raise OSError", ["-p", "test_it"], "pytest itself failed"),
        (MIXED, ["--no-such-option"], "pytest does not know an option"),
        (MIXED, ["test_missing.py"], "pytest does not know an option"),
        (MIXED, ["-k", "nothing"], "pytest found no test"),
        (f"{MIXED}def test_last(): pytest.exit('', returncode=42)", [], "pytest was ended with 42"),
        ("import os; os.kill(os.getpid(), 9)", [], "pytest was ended with -9"),
        ("import os; os._exit(0)", [], "pytest was ended with 0"),
        (MIXED, ["--collect-only"], "no test ran (none)"),
        (MIXED, ["-k", "skipped"], "no test ran (1 skipped)"),
        (MIXED, ["-k", "skipped or needs"], "no test ran (1 error, 1 skipped)"),
    ],
)
def test_a_run_that_proves_nothing(
    tmp_path: Path, source: str, arguments: list[str], why: str
) -> None:
    with pytest.raises(NoOutcomesError, match=f"^{why.replace('(', '.').replace(')', '.')}"):
        ran(tmp_path, source, *arguments)


def test_what_pytest_printed_is_shown(tmp_path: Path) -> None:
    with pytest.raises(NoOutcomesError, match="No module named 'no_such_module'"):
        ran(tmp_path, "import no_such_module")


def test_a_run_that_may_prove_nothing(tmp_path: Path) -> None:
    assert ran(tmp_path, MIXED, "-k", "skipped", strict=False) == {
        "test_it::test_skipped": "skipped"
    }
    with pytest.raises(NoOutcomesError):
        ran(tmp_path, MIXED, "--no-such-option", strict=False)


def test_a_run_that_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "SECONDS", 0)
    with pytest.raises(NoOutcomesError, match="pytest was ended after") as caught:
        ran(tmp_path, MIXED)
    assert isinstance(caught.value.__cause__, subprocess.TimeoutExpired)


def test_a_test_that_is_missing_on_a_side_differs() -> None:
    stock = {"a": "passed", "b": "failed", "c": "passed"}
    patched = {"b": "failed", "c": "skipped", "d": "passed"}
    assert differing(stock, patched) == ["a", "c", "d"]


def test_a_second_result_is_kept(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    case = '<testcase classname="m" name="t">{}</testcase>'
    report.write_text(f"<s>{case.format('<failure/>')}{case.format('<error/>')}</s>")
    assert read(report) == {"m::t": "failed+error"}

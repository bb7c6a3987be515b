"""Runs what takes too long for every change, part after part, and says what came of it.

`make nightly` runs all parts in their order, each in two hours at most; PARTS="soak fuzz" names
some. Each part has its log in target/nightly, and docs/proof.md says what came of all of them. A
part that has passed there on this commit, or before one that changes only docs/, is not run again
unless it is named, so a run that was broken off goes on where it was, on another machine too once
the page is committed. It ends with 0 if every part has passed on this commit, with 1 if one has
not, with 2 if it cannot begin, with 130 if it was broken off.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benches.live import machine
from harness.environments import ROOT, say
from harness.processes import wait_or_kill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOGS = ROOT / "target" / "nightly"
PAGE = ROOT / "docs" / "proof.md"
SECONDS = 2 * 3600
SECONDS_TO_TIDY_UP = 60

PYTEST = f"{sys.executable} -m pytest"
AT_LENGTH = (
    f"{PYTEST} --hypothesis-profile=slow --timeout=7200 --override-ini faulthandler_timeout=0"
)
ABOUT_KEYS = " ".join(
    f"tests/live/test_{name}.py" for name in ("keys", "rotation", "key_files", "policy", "watch")
)
PARTS = {
    "properties": (
        "property tests with many more examples",
        f"{AT_LENGTH} tests/differential tests/live/test_checks.py "
        "tests/unit/readers/test_sqlite_unchanged.py",
    ),
    "machine": (
        "the state machine at length, on SQLite and PostgreSQL",
        f"{AT_LENGTH} tests/live/test_machine.py && "
        f"HOST_DATABASE=postgresql {AT_LENGTH} tests/live/test_machine.py",
    ),
    "soak": ("half an hour of mixed traffic", "make soak"),
    "browser": ("the account page in Chromium", "make test-browser"),
    "compatibility": (
        "every release on SQLite, some on Python 3.12",
        "make compatibility",
    ),
    "postgresql": (
        "releases of generations B, C and D on PostgreSQL",
        'HOST_DATABASE=postgresql make test-hosts RELEASES="0.8.12 0.9.6 0.12.4"',
    ),
    "keys": (
        "everything about keys and policies on a release of each other generation",
        " && ".join(
            f"HOST_RELEASE={release} {PYTEST} {ABOUT_KEYS}"
            for release in ("0.5.4", "0.6.36", "0.8.12", "0.9.6")
        ),
    ),
    "rotations": ("a hundred rotations", f"ROTATIONS=100 {PYTEST} tests/live/test_rotation.py"),
    "host-tests": ("the tests in the wheels of Open WebUI", "make host-tests"),
    "host-suite": ("make host-suite, on a small suite", f"{PYTEST} tests/host_suite"),
    "image": (
        "the image on Python 3.11 and 3.12",
        "make image-test && make image-test HOST_PYTHON=$(scripts/find-python 3.12)",
    ),
    "deployments": ("ways to start, proxies, poolers, clients", "make deployments"),
    "debian-12": (
        "a newcomer's path on a bare Debian 12",
        "scripts/bare-debian bookworm demo test",
    ),
    "debian-13": ("the same on Debian 13", "scripts/bare-debian trixie demo test"),
    "fuzz": ("every fuzz target for ten minutes", "make fuzz"),
    "mutants": ("mutants of the Rust core", "make mutants"),
    "mutants-python": ("mutants of the Python code", "make mutants-python"),
    "release": (
        "licences, and what a release would publish",
        "make audit release-check HOST_PYTHON=$(scripts/find-python 3.12)",
    ),
    "bench": ("all benchmarks", "make bench"),
    "size": ("a million people, and a slow disk", "make bench-size WRITE=1"),
}
"""What each part shows, and its command."""

SUMMARY = re.compile(
    r"^.*\b(?:passed|failed|caught|surviving|missed|reached|differ|Same results)\b.*$", re.MULTILINE
)
"""A line by which a part sums up; the last one counts."""

_ROW = re.compile(
    r"^\| (?P<part>[\w-]+) \| .+ \| (?P<commit>\w+) \| (?P<date>[\d-]+) \| (?P<minutes>[\d.]+) "
    r"\| (?P<result>passed|\*\*failed\*\*) \| (?P<summary>.*) \|$",
    re.MULTILINE,
)
"""A part in the table of the page."""

_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PARTS")


@dataclass(frozen=True)
class Outcome:
    """What came of a part.

    Attributes:
        commit: The commit that it ran on.
        date: The day, by UTC.
        minutes: How long it took.
        passed: Whether it ended with 0.
        summary: The last line of its log that sums up.
    """

    commit: str
    date: str
    minutes: float
    passed: bool
    summary: str


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.nightly",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="parts:\n" + "\n".join(f"  {name:16}{what}" for name, (what, _) in PARTS.items()),
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="run these, also once more")
    asked = parser.parse_args()
    unknown = set(asked.parts) - PARTS.keys()
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return asked


def run(part: str, commit: str) -> Outcome:
    """Run a part, and return what came of it."""
    what, command = PARTS[part]
    log = LOGS / f"{part}.log"
    say(f"{part}: {what} ... (target/nightly/{part}.log)")
    begin = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            # PARTS and other variables of this `make` are not for the ones that it starts.
            env={name: value for name, value in os.environ.items() if name not in _MAKE},
            start_new_session=True,
        )
        try:
            passed = process.wait(SECONDS) == 0
        except subprocess.TimeoutExpired:
            passed = False
        finally:
            end(process)
    outcome = Outcome(
        commit=commit,
        date=datetime.now(UTC).date().isoformat(),
        minutes=round((time.monotonic() - begin) / 60, 1),
        passed=passed,
        summary=summary(log),
    )
    say(f"{part}: {'passed' if passed else 'FAILED'}, {outcome.minutes} min; {outcome.summary}")
    return outcome


def end(process: subprocess.Popen[bytes]) -> None:
    """End a part that still runs, and what it has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        wait_or_kill(process, SECONDS_TO_TIDY_UP)


def summary(log: Path) -> str:
    """Return the last line of a log that sums up, without what frames it."""
    found = SUMMARY.findall(log.read_text(errors="replace"))
    return str(found[-1]).strip("= ").replace("|", "/") if found else ""


def read() -> dict[str, Outcome]:
    """Return what docs/proof.md says of the parts that there are."""
    rows = _ROW.finditer(PAGE.read_text()) if PAGE.is_file() else ()
    return {
        row["part"]: Outcome(
            commit=row["commit"],
            date=row["date"],
            minutes=float(row["minutes"]),
            passed=row["result"] == "passed",
            summary=row["summary"],
        )
        for row in rows
        if row["part"] in PARTS
    }


def not_proved(commit: str) -> list[str]:
    """Return the parts that have not passed on a commit."""
    outcomes = read().items()
    proved = {part for part, found in outcomes if found.passed and found.commit == commit}
    return [part for part in PARTS if part not in proved]


def page(outcomes: dict[str, Outcome], facts: dict[str, str]) -> str:
    """Return docs/proof.md."""
    return "\n".join([*_lines(outcomes, facts), ""])


def _lines(outcomes: dict[str, Outcome], facts: dict[str, str]) -> Iterator[str]:
    yield from (
        "# What was run at length",
        "",
        "`make nightly` writes this page. A part that is missing has not been run since the page "
        "was begun.",
        "",
        f"The last part ran with {', '.join(f'{name}: {value}' for name, value in facts.items())}.",
        "",
        "| part | what it is | commit | date | minutes | result | summary |",
        "| --- | --- | --- | --- | ---: | --- | --- |",
    )
    for part, (what, _) in PARTS.items():
        found = outcomes.get(part)
        if found is not None:
            result = "passed" if found.passed else "**failed**"
            cells = (part, what, found.commit, found.date, f"{found.minutes:g}", result)
            yield f"| {' | '.join(cells)} | {found.summary} |"


def committed() -> str | None:
    """Return the commit that is proved, or None where something else is there as well.

    It is the last one that changed more than documents, because parts write documents.
    """

    def git(*command: str) -> str:
        asked = ("git", "-C", str(ROOT), *command, "--", ".", ":!docs")
        return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()

    return None if git("status", "--porcelain") else git("log", "-1", "--format=%h")


def run_all(parts: list[str]) -> int:
    """Run these parts, or all that have not passed, and write what came of them after each."""
    commit = committed()
    if commit is None:
        say("There are changes that are not committed, so nothing is proved: commit them first.")
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    facts = machine.describe()
    for part in parts or not_proved(commit):
        outcome = run(part, commit)
        PAGE.write_text(page({**read(), part: outcome}, facts))
    open_parts = not_proved(commit)
    print(f"{len(PARTS) - len(open_parts)} passed, {len(open_parts)} failed or not run")
    if open_parts:
        print(f'Run them: make nightly PARTS="{" ".join(open_parts)}"')
    return 1 if open_parts else 0


def main() -> int:
    """Run what was asked for, and end the part that runs when this is broken off."""
    asked = arguments()
    for each in (signal.SIGINT, signal.SIGTERM):
        # A shell lets what it starts in the background ignore Ctrl-C, and the parts would as well.
        signal.signal(each, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # `nohup` asks for it to be ignored.
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    try:
        return run_all(asked.parts)
    except KeyboardInterrupt:
        say("Broken off. `make nightly` goes on with this part.")
        return 130


if __name__ == "__main__":
    sys.exit(main())

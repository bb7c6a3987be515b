"""`owui-keygate keys` loses no key: each way to fail has its exit code, and changes nothing."""

from __future__ import annotations

import itertools
import json
import os
import signal
import stat
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from harness.crowd import add_crowd
from harness.waiting import wait_until
from tests.support.keys import DATABASE, KEEPS_TIMES, KEY, UNKNOWN, Place, without_progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


REFUSE = "RAISE EXCEPTION 'refused'"
_NUMBERS = itertools.count()
WAIT = "PERFORM pg_advisory_xact_lock(4711)"


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for the end of a command; it must be told in one line, without a key."""
    stdout, stderr = process.communicate(timeout=120)
    assert not KEY.search(stderr)
    assert "Traceback" not in stderr
    ended = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    return without_progress(ended)


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", ">&- 2>&-", ">&- <&-"])
def test_a_standard_output_that_takes_nothing_changes_nothing(
    sqlite: Place, email: str, redirection: str
) -> None:
    old = sqlite.made("create", email)
    before = sqlite.everything()
    for arguments in (
        ("create", f"new-{email}"),
        ("rotate", email, "--yes"),
        ("rotate", email, "--yes", "--json"),
        ("revoke", email, "--yes", "--json"),
        ("list",),
    ):
        ended = finish(sqlite.start(redirection, *arguments))
        assert ended.returncode == 4, arguments
        if "2>" not in redirection:
            assert ended.stderr.startswith("Nothing has changed: standard output cannot be written")
    assert sqlite.everything() == before
    assert sqlite.status(old) == 200


def test_a_reader_that_has_gone_changes_nothing(sqlite: Place, email: str) -> None:
    old = sqlite.made("create", email)
    before = sqlite.everything()
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sqlite.environment.command("owui-keygate"), "keys", "rotate", email, "--yes"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        env=sqlite.server.settings,
        cwd=sqlite.server.folder,
        check=False,
    )
    os.close(writer)
    assert ended.returncode == 4
    said = without_progress(ended).stderr
    assert said.startswith("Nothing has changed: standard output cannot be written")
    assert sqlite.everything() == before
    assert sqlite.status(old) == 200


def test_a_full_standard_error_is_no_failure(sqlite: Place, email: str) -> None:
    ended = finish(sqlite.start("2>/dev/full", "create", email))
    assert ended.returncode == 0
    assert sqlite.status(ended.stdout.strip()) == 200
    assert finish(sqlite.start("2>/dev/full", "create", email)).returncode == 1


def test_the_file_gets_the_key_and_standard_output_none(
    sqlite: Place, email: str, tmp_path: Path
) -> None:
    file = tmp_path / "bot.key"
    made = sqlite.keys("create", email, "--out", str(file))
    assert (made.returncode, made.stdout) == (0, "")
    old = file.read_text().removesuffix("\n")
    assert KEY.fullmatch(old)
    assert sqlite.status(old) == 200
    file.chmod(0o644)
    rotated = sqlite.keys("rotate", email, "--yes", "--json", "--out", str(file))
    facts = json.loads(rotated.stdout)
    assert "api_key" not in facts
    assert facts["email"] == email
    assert not KEY.search(rotated.stdout)
    new = file.read_text().strip()
    assert (sqlite.status(old), sqlite.status(new)) == (UNKNOWN, 200)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cannot_be_written_changes_nothing(
    sqlite: Place, email: str, tmp_path: Path
) -> None:
    before = sqlite.everything()
    device = tmp_path / "stdout"
    device.symlink_to("/dev/stdout")
    for file in (tmp_path, tmp_path / "none" / "bot.key", device):
        refused = sqlite.keys("create", email, "--out", str(file))
        assert refused.returncode == 4
        assert refused.stderr.startswith("Nothing has changed: ")
    ended = finish(sqlite.start(">/dev/full", "create", email, "--json", "--out", f"{tmp_path}/k"))
    assert ended.returncode == 4
    assert list(tmp_path.iterdir()) == [device]
    assert sqlite.everything() == before


def test_a_commit_that_fails(postgresql: Place, email: str, tmp_path: Path) -> None:
    old = postgresql.made("create", email)
    before = postgresql.everything()
    file = tmp_path / "bot.key"
    file.write_text("old")
    with postgresql.at_the_commit(REFUSE):
        for arguments in (("create", f"new-{email}"), ("rotate", email, "--yes")):
            ended = postgresql.keys(*arguments)
            assert ended.returncode == 5
            assert "a key that was printed is NOT valid" in ended.stderr
            assert postgresql.status(ended.stdout.strip()) == UNKNOWN
            assert postgresql.keys(*arguments, "--out", str(file)).returncode == 3
        assert postgresql.keys("revoke", email, "--yes").returncode == 3
        assert postgresql.keys("revoke", email, "--yes", "--json").returncode == 5
    assert postgresql.everything() == before
    assert postgresql.status(old) == 200
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


@contextmanager
def held(place: Place, lock: str) -> Iterator[psycopg.Connection]:
    """Hold an advisory lock that a command waits for, until the connection is closed."""
    assert place.postgres is not None
    with psycopg.connect(place.postgres.url(DATABASE), autocommit=True) as connection:
        connection.execute(f"SELECT pg_advisory_lock({lock})".encode())
        yield connection


def wait_until_it_waits(place: Place) -> None:
    def waiting() -> bool:
        locks = "SELECT * FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return place.execute(locks) != []

    wait_until(waiting, lambda: "no command waits")


def test_no_signal_stops_it_once_the_key_is_out(postgresql: Place, email: str) -> None:
    with postgresql.at_the_commit(WAIT), held(postgresql, "4711") as connection:
        process = postgresql.start("", "create", email)
        assert process.stdout is not None
        key = process.stdout.readline().strip()
        wait_until_it_waits(postgresql)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        connection.close()
        ended = finish(process)
    assert ended.returncode == 0, ended.stderr
    assert postgresql.status(key) == 200


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -15)])
def test_a_signal_before_that_stops_it(
    postgresql: Place, email: str, number: signal.Signals, code: int
) -> None:
    before = postgresql.everything()
    with held(postgresql, "hashtext('owui-keygate keys')"):
        process = postgresql.start("", "create", email)
        wait_until_it_waits(postgresql)
        process.send_signal(number)
    ended = finish(process)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert postgresql.everything() == before


def test_a_file_that_something_else_has_become(
    postgresql: Place, email: str, tmp_path: Path
) -> None:
    file = tmp_path / "bot.key"
    with postgresql.at_the_commit(WAIT), held(postgresql, "4711") as connection:
        process = postgresql.start("", "create", email, "--out", str(file))
        wait_until_it_waits(postgresql)
        file.mkdir()
        connection.close()
        ended = finish(process)
    assert (ended.returncode, ended.stdout) == (7, "")
    [key] = [each for each in tmp_path.iterdir() if each.is_file()]
    assert ended.stderr.rstrip("\n").endswith(f"the new key is in {key}")
    assert postgresql.status(key.read_text().strip()) == 200


ORDERED = ("Zoe", "a-b", "a_b", "aa", "ab", "\u00e9", "\ufb01", "\N{OLD ITALIC LETTER A}")
"""Beginnings of addresses in the order of their characters, not in that of a language."""
MANY = 3000
"""So many keys that no pipe takes the whole list."""


@pytest.fixture
def crowd(place: Place) -> Iterator[None]:
    """Many more people with a key."""
    add_crowd(place.execute, "postgresql" if place.postgres else "sqlite", MANY)
    yield
    place.execute("DELETE FROM \"user\" WHERE id LIKE 'crowd-%'")
    if KEEPS_TIMES:
        place.execute("DELETE FROM api_key WHERE user_id LIKE 'crowd-%'")


def emails_of(found: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the addresses in a list as JSON."""
    assert found.returncode == 0, found.stderr
    return [each["email"] for each in json.loads(found.stdout)]


@pytest.mark.usefixtures("crowd")
def test_the_order_is_that_of_the_characters_on_each_database(place: Place) -> None:
    for number, beginning in enumerate(ORDERED):
        email = f"{beginning}@example.org"
        place.execute(f"""UPDATE "user" SET email = '{email}' WHERE id = 'crowd-{number}'""")
    listed = emails_of(place.keys("list", "--json"))
    assert len(listed) >= MANY
    assert listed == sorted(listed)
    rows = place.keys("list").stdout.splitlines()[1:]
    assert [row.rpartition(" ")[2] for row in rows] == listed


@pytest.mark.usefixtures("crowd")
def test_a_limit_shows_the_first_keys(place: Place) -> None:
    listed = emails_of(place.keys("list", "--json"))
    found = place.keys("list", "--json", "--limit", "3")
    assert emails_of(found) == listed[:3]
    assert found.stderr == "--limit has left out keys: only the first 3 are listed\n"
    whole = place.keys("list", "--json", "--limit", str(len(listed)))
    assert (emails_of(whole), whole.stderr) == (listed, "")
    assert place.keys("list", "--limit", "0").returncode == 2
    users = emails_of(place.keys("list", "--json", "--role", "user", "--limit", "2"))
    assert users == [email for email in listed if email.startswith("crowd-")][:2]


@pytest.mark.usefixtures("crowd")
def test_a_reader_that_has_seen_enough_of_a_list_ends_it_without_a_word(place: Place) -> None:
    process = place.start("", "list")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("FINGERPRINT")
    process.stdout.close()
    process.stdout = None
    ended = finish(process)
    assert (ended.returncode, ended.stderr) == (4, "")


@pytest.mark.usefixtures("crowd")
def test_a_pager_holds_no_lock(place: Place) -> None:
    process = place.start("", "list")
    assert process.stdout is not None
    process.stdout.readline()
    assert process.poll() is None, "most of the list is still to come"
    if place.postgres is not None:
        # A transaction that has read this table would keep others from locking it.
        place.execute("""SET lock_timeout = '10s'; LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE""")
    else:
        [(busy, _, _)] = place.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert not busy
    ended = finish(process)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "@" in ended.stdout

"""Keys from a secret store: `ensure` and `rotate --key-file`, again and again."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from sqlite3 import connect
from typing import TYPE_CHECKING

import pytest

from harness import people
from harness.postgres import Postgres
from harness.server import BYPASS_ON, Server, host_settings
from tests.support.generations import RELEASE
from tests.support.keys import KEEPS_TIMES, KEY, UNKNOWN, Place, run, without_progress

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment

needs_rows = pytest.mark.skipif(not KEEPS_TIMES, reason="an account has one key before 0.6.41")
WAITS = RELEASE >= (0, 7, 0)


def new_key() -> str:
    return f"sk-{secrets.token_hex(16)}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a key, which only its owner can read."""
    made = tmp_path / "key"
    made.touch(0o600)
    made.write_text(new_key() + "\n")
    return made


def key_in(file: Path) -> str:
    return file.read_text().strip()


def test_the_account_and_its_key_are_made_once(place: Place, email: str, file: Path) -> None:
    ensure = ("ensure", email, "--key-file", str(file))
    dry = place.keys(*ensure, "--dry-run")
    assert (dry.returncode, dry.stdout) == (0, "")
    assert f"Would create the account {email}\n" in dry.stderr
    assert place.status(key_in(file)) == UNKNOWN
    made = place.keys(*ensure, "--name", "The Bot")
    assert (made.returncode, made.stdout) == (0, "")
    assert made.stderr == f"Created the account {email}\n"
    assert place.status(key_in(file)) == 200
    assert place.execute(f"""SELECT role, name FROM "user" WHERE email = '{email}'""") == [
        ("admin", "The Bot")
    ]
    before = place.everything()
    again = place.keys(*ensure, "--json", "--name", "Another", *(["--wait", "1s"] * WAITS))
    assert again.returncode == 0
    facts = json.loads(again.stdout)
    assert (facts["changed"], facts["account"], facts["email"]) == (False, "unchanged", email)
    assert not KEY.search(again.stdout)
    assert "Nothing was changed" in again.stderr
    assert place.records(*ensure) == []
    assert place.keys(*ensure, "--dry-run").stderr == "Nothing would change\n"
    assert place.everything() == before


def test_everybody_at_once_makes_one_key(place: Place, email: str, file: Path) -> None:
    with ThreadPoolExecutor() as all_:
        runs = list(
            all_.map(lambda _: place.alone("ensure", email, "--key-file", str(file)), range(3))
        )
    assert [run.returncode for run in runs] == [0, 0, 0]
    created = [run for run in runs if run.stderr.startswith("Created the account")]
    assert len(created) == 1
    assert place.status(key_in(file)) == 200


def test_an_administrator_without_a_key_gets_that_of_the_file(
    place: Place, email: str, file: Path
) -> None:
    with closing(place.server.client()) as client:
        person = people.add_person(client, place.first, f"p-{email.partition('@')[0]}", "admin")
    made = place.keys("ensure", person.email, "--key-file", str(file))
    assert made.returncode == 0
    assert f"Warning: the account {person.email} already existed" in made.stderr
    assert place.status(key_in(file)) == 200


def test_what_ensure_does_not_change(sqlite: Place, email: str, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.touch(0o600)
    other.write_text(new_key())
    assert sqlite.keys("ensure", email, "--key-file", str(file)).returncode == 0
    with closing(sqlite.server.client()) as client:
        person = people.add_person(client, sqlite.first, f"u-{email.partition('@')[0]}", "user")
    before = sqlite.everything()
    for account, chosen, reason in (
        (email, other, f"owui-keygate keys rotate {email} --key-file FILE"),
        (f"second-{email}", file, "Another account has the key"),
        (sqlite.first.email, file, "Another account has the key"),
        (person.email, other, "is not an administrator"),
        ("no-address", other, "does not accept this e-mail address"),
        (f"{email} ", other, "a space or an unprintable character"),
        (f"{email}\n", other, "a space or an unprintable character"),
        (f"\N{ZERO WIDTH SPACE}{email}", other, "a space or an unprintable character"),
    ):
        refused = sqlite.keys("ensure", account, "--key-file", str(chosen))
        assert (refused.returncode, reason in refused.stderr) == (1, True), refused.stderr
    refused = sqlite.keys("rotate", email, "--out", str(other), "--key-file", str(other), "--yes")
    assert (refused.returncode, "--out" in refused.stderr) == (1, True)
    assert sqlite.everything() == before


def test_a_bad_file_changes_nothing(sqlite: Place, email: str, file: Path) -> None:
    before = sqlite.everything()
    key = key_in(file)
    on_the_line = sqlite.keys("ensure", email, "--key-file", key)
    assert (on_the_line.returncode, key in on_the_line.stderr) == (2, False)
    assert sqlite.keys("ensure", email).returncode == 2
    for content, mode, reason in (
        (f"sk-{'0123456789abcdef' * 2}", 0o600, "not random"),
        (key[:-1], 0o600, "32 hex digits"),
        (key, 0o666, "can write to the key file"),
    ):
        file.write_text(content)
        file.chmod(mode)
        for arguments in (("ensure", email), ("rotate", email, "--yes")):
            refused = sqlite.keys(*arguments, "--key-file", str(file))
            assert (refused.returncode, reason in refused.stderr) == (1, True)
            assert content not in refused.stderr
    assert sqlite.everything() == before
    file.chmod(0o644)
    file.write_text(key)
    assert "Warning: others than its owner can read" in (
        sqlite.keys("ensure", email, "--key-file", str(file)).stderr
    )


@needs_rows
def test_a_rotation_to_a_key_of_a_file_can_run_again(place: Place, email: str, file: Path) -> None:
    assert place.keys("ensure", email, "--key-file", str(file)).returncode == 0
    old = key_in(file)
    file.write_text(new_key())
    rotate = ("rotate", email, "--key-file", str(file), "--overlap", "24h")
    assert place.keys(*rotate).returncode == 1, "somebody must agree"
    rotated = place.keys(*rotate, "--yes")
    assert (rotated.returncode, rotated.stdout) == (0, "")
    new = key_in(file)
    assert (place.status(old), place.status(new)) == (200, 200)
    ends = "SELECT key, expires_at FROM api_key ORDER BY key"
    before = place.execute(ends)
    again = place.keys(*rotate)
    assert (again.returncode, "Nothing was changed" in again.stderr) == (0, True)
    assert place.keys("ensure", email, "--key-file", str(file)).returncode == 0
    assert place.execute(ends) == before
    file.write_text(old)
    for arguments in ((*rotate, "--yes"), ("ensure", email, "--key-file", str(file))):
        refused = place.keys(*arguments)
        assert (refused.returncode, "old key" in refused.stderr) == (1, True)
    assert place.execute(ends) == before


@needs_rows
def test_a_key_that_has_ended_is_not_taken_for_one_that_works(
    place: Place, email: str, file: Path
) -> None:
    ensure = ("ensure", email, "--key-file", str(file))
    made = place.keys(*ensure, "--expires", "90d")
    assert "The key expires at" in made.stderr
    place.execute(f"UPDATE api_key SET expires_at = 1 WHERE key = '{key_in(file)}'")
    refused = place.keys(*ensure)
    assert (refused.returncode, "has ended" in refused.stderr) == (1, True)


def test_without_overlap_the_old_key_goes(sqlite: Place, email: str, file: Path) -> None:
    old = sqlite.made("create", email)
    assert sqlite.keys("rotate", email, "--key-file", str(file), "--yes").returncode == 0
    assert (sqlite.status(old), sqlite.status(key_in(file))) == (UNKNOWN, 200)


@pytest.mark.skipif(WAITS, reason="newer hosts are not migrated by being imported")
def test_a_host_that_migrates_when_imported_is_not_waited_for(
    sqlite: Place, email: str, file: Path
) -> None:
    refused = sqlite.keys("ensure", email, "--key-file", str(file), "--wait", "1m")
    assert (refused.returncode, "0.7.0" in refused.stderr) == (1, True)


@pytest.mark.skipif(not WAITS, reason="older hosts do not create an administrator themselves")
def test_the_servers_own_administrator_comes_first(
    sqlite: Place, file: Path, tmp_path: Path
) -> None:
    """Open WebUI creates it only while there is no account."""
    (tmp_path / "data").mkdir()
    copy = tmp_path / "data" / "webui.db"
    sqlite.execute(f"VACUUM INTO '{copy}'")
    with closing(connect(copy)) as database, database:
        for table in ('"user"', "auth", "api_key"):
            database.execute(f"DELETE FROM {table}")
    settings = host_settings(tmp_path)
    first = {"WEBUI_ADMIN_EMAIL": "admin@example.org", "WEBUI_ADMIN_PASSWORD": people.PASSWORD}
    ensure = ("ensure", "bot@example.org", "--key-file", str(file))
    refused = run(sqlite.environment, settings | first, tmp_path, *ensure)
    assert (refused.returncode, "WEBUI_ADMIN_EMAIL" in refused.stderr) == (3, True)
    assert run(sqlite.environment, settings, tmp_path, *ensure).returncode == 0


@pytest.mark.skipif(not WAITS, reason="older hosts are not waited for")
def test_the_wait_ends_where_no_server_starts(
    keygate: Environment, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    ensure = ("ensure", "bot@example.org", "--key-file", str(file))
    begin = time.monotonic()
    alone = run(keygate, host_settings(tmp_path), tmp_path, *ensure)
    assert alone.returncode == 3
    assert "start the server once" in alone.stderr
    # Longer than an attempt takes on this machine, so that there is a wait.
    seconds = int(time.monotonic() - begin) + 2
    ended = keygate.run(
        *("owui-keygate", "keys", *ensure, "--wait", f"{seconds}s"),
        env=host_settings(tmp_path),
        cwd=tmp_path,
    )
    assert (ended.returncode, ended.stdout) == (3, "")
    first, *_, last = without_progress(ended).stderr.splitlines()
    waiting = re.match(r"Waiting up to (\d+) s more: ", first)
    assert waiting is not None
    assert int(waiting[1]) < seconds
    assert last == alone.stderr.strip()


@pytest.mark.skipif(not WAITS, reason="older hosts are not waited for")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_key_is_there_soon_after_the_server(
    keygate: Environment, file: Path, tmp_path: Path, database: str
) -> None:
    """The server makes its own first administrator, as it does only while there is no account."""
    settings = BYPASS_ON | {
        "WEBUI_ADMIN_EMAIL": "admin@example.org",
        "WEBUI_ADMIN_PASSWORD": people.PASSWORD,
    }
    folder = tmp_path / "server"
    (folder / "data").mkdir(parents=True)
    with ExitStack() as stack:
        if database == "postgresql":
            settings["DATABASE_URL"] = stack.enter_context(Postgres()).create("waiting")
        server = Server(keygate, folder, settings)
        command = ("keys", "ensure", "bot@example.org", "--key-file", str(file), "--wait", "3m")
        waiting = stack.enter_context(
            subprocess.Popen(
                [keygate.command("owui-keygate"), *command],
                env=server.settings,
                cwd=folder,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        assert waiting.stderr is not None
        assert any(line.startswith("Waiting up to ") for line in waiting.stderr)
        stack.enter_context(server)
        _, stderr = waiting.communicate(timeout=180)
        assert waiting.returncode == 0, stderr
        assert "Created the account bot@example.org" in stderr
        client = stack.enter_context(closing(server.client()))
        people.sign_in(client, "admin@example.org")
        assert client.call("GET", "/api/v1/auths/admin/config", key_in(file))

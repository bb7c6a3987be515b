"""`owui-keygate keys`: what its keys can do, what it refuses, and what it leaves behind."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from harness import people
from harness.environments import built_wheel, make_environment
from harness.postgres import Postgres
from harness.server import host_settings
from tests.support.altered import alter_host
from tests.support.image import image_environment
from tests.support.keys import KEEPS_TIMES, UNKNOWN, Place, run
from tests.support.terminal import at_a_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment
    from harness.people import Person

needs_times = pytest.mark.skipif(not KEEPS_TIMES, reason="keys have no times before 0.6.41")
SECRET = "a-password-of-the-database"
_NUMBERS = itertools.count()


@pytest.fixture
def user(place: Place, email: str) -> Person:
    """Somebody with an ordinary account."""
    return add_user(place, email)


def add_user(place: Place, email: str) -> Person:
    client = place.server.client()
    try:
        return people.add_person(client, place.first, f"user-{email.partition('@')[0]}", "user")
    finally:
        client.close()


def listed(place: Place, email: str) -> dict[str, Any] | None:
    found = place.keys("list", "--json")
    assert found.returncode == 0, found.stderr
    return next((each for each in json.loads(found.stdout) if each["email"] == email), None)


def fingerprint(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def test_a_new_account_is_an_administrators_and_its_key_works(
    place: Place, user: Person, email: str
) -> None:
    address = f"New.{email}"
    key = place.made("create", address, "--name", "The Bot")
    assert place.status(key) == 200
    [row] = place.execute(
        f"""SELECT role, name, profile_image_url FROM "user" WHERE email = '{address.lower()}'"""
    )
    [[image]] = place.execute(
        f"""SELECT profile_image_url FROM "user" WHERE email = '{user.email}'"""
    )
    assert row == ("admin", "The Bot", image), "as an account the host's own route has made"
    [[password, active]] = place.execute(
        f"SELECT password, active FROM auth WHERE email = '{address.lower()}'"
    )
    assert password.startswith("$")
    assert active


def test_all_that_json_says_of_a_new_key(place: Place, email: str) -> None:
    options = ["--expires", "90d"] if KEEPS_TIMES else []
    before = int(time.time())
    found = place.keys("create", email, "--json", *options)
    assert found.stderr.startswith(f"Created the account {email}\n")
    facts = json.loads(found.stdout)
    key = facts.pop("api_key")
    created_at = facts.pop("created_at")
    assert place.status(key) == 200
    if KEEPS_TIMES:
        assert before <= created_at <= time.time()
    assert facts == {
        "account": "created",
        "changed": True,
        "email": email,
        "role": "admin",
        "fingerprint": fingerprint(key),
        "expires_at": created_at + 90 * 86_400 if KEEPS_TIMES else None,
        "last_used_at": None,
    }
    if KEEPS_TIMES:
        [row] = place.execute(f"SELECT created_at, expires_at FROM api_key WHERE key = '{key}'")
        assert row == (created_at, created_at + 90 * 86_400)


def test_an_administrator_without_a_key_gets_one_and_no_second_one(sqlite: Place) -> None:
    key = sqlite.made("create", sqlite.first.email.upper())
    assert sqlite.status(key) == 200
    refused = sqlite.keys("create", sqlite.first.email)
    assert refused.returncode == 1
    assert f"owui-keygate keys rotate {sqlite.first.email}" in refused.stderr
    assert sqlite.status(key) == 200
    assert sqlite.keys("revoke", sqlite.first.email, "--yes").returncode == 0


def test_a_user_is_promoted_only_if_that_is_asked_for(place: Place, user: Person) -> None:
    before = place.everything()
    refused = place.keys("create", user.email, "--yes")
    assert (refused.returncode, "--promote" in refused.stderr) == (1, True)
    refused = place.keys("create", user.email, "--promote")
    assert (refused.returncode, "--yes" in refused.stderr) == (1, True)
    assert place.everything() == before
    assert place.status(place.made("create", user.email, "--promote", "--yes")) == 200


def test_rotation_replaces_the_key(place: Place, email: str) -> None:
    old = place.made("create", email)
    refused = place.keys("rotate", email)
    assert (refused.returncode, "--yes" in refused.stderr) == (1, True)
    assert place.status(old) == 200
    new = place.made("rotate", email, "--yes")
    assert (place.status(old), place.status(new)) == (UNKNOWN, 200)
    newest = json.loads(place.keys("rotate", fingerprint(new), "--yes", "--json").stdout)
    assert newest["fingerprint"] == fingerprint(newest["api_key"])
    assert (place.status(new), place.status(newest["api_key"])) == (UNKNOWN, 200)


@needs_times
def test_a_new_key_is_good_for_as_long_as_the_old_one_was(sqlite: Place, email: str) -> None:
    old = sqlite.made("create", email, "--expires", "12h")
    earlier = "created_at = created_at - 9999, expires_at = expires_at - 9999"
    sqlite.execute(f"UPDATE api_key SET {earlier} WHERE key = '{old}'")
    for options, life in (([], 12 * 3_600), (["--expires", "30m"], 1_800), ([], 1_800)):
        key = sqlite.made("rotate", email, "--yes", *options)
        [row] = sqlite.execute(f"SELECT created_at, expires_at FROM api_key WHERE key = '{key}'")
        assert row[0] > time.time() - 60
        assert row[1] - row[0] == life


@needs_times
def test_a_key_that_was_never_good_needs_a_new_end(sqlite: Place, email: str) -> None:
    key = sqlite.made("create", email)
    sqlite.execute(f"UPDATE api_key SET expires_at = 1 WHERE key = '{key}'")
    assert sqlite.status(key) == 401, "its end is looked at"
    refused = sqlite.keys("rotate", email, "--yes")
    assert (refused.returncode, "--expires" in refused.stderr) == (1, True)


def test_a_revoked_key_works_no_longer(place: Place, email: str) -> None:
    key = place.made("create", email)
    refused = place.keys("revoke", email)
    assert (refused.returncode, "--yes" in refused.stderr) == (1, True)
    assert place.status(key) == 200
    revoked = place.keys("revoke", email, "--yes", "--json")
    [facts] = json.loads(revoked.stdout)
    assert (facts["email"], facts["fingerprint"]) == (email, fingerprint(key))
    assert revoked.stderr == f"Deleted the API key {fingerprint(key)} of {email}\n"
    assert place.status(key) == UNKNOWN
    assert listed(place, email) is None
    assert place.keys("revoke", email, "--yes").returncode == 1


@needs_times
def test_a_fingerprint_names_one_key_and_an_address_all_of_them(place: Place, email: str) -> None:
    """The column `user_id` of the table is not unique, and the host takes each of two keys."""
    one = place.made("create", email, "--expires", "90d")
    two, three = (add_key(place, email, number) for number in (2, 3))
    assert {place.status(key) for key in (one, two, three)} == {200}
    for command in (["rotate", email], ["rotate", fingerprint(one)], ["create", email]):
        before = place.everything()
        refused = place.keys(*command, "--yes")
        assert refused.returncode == 1
        assert all(fingerprint(key) in refused.stderr for key in (one, two, three))
        assert place.everything() == before
    revoked = place.keys("revoke", fingerprint(two), "--yes")
    assert revoked.stderr == f"Deleted the API key {fingerprint(two)} of {email}\n"
    assert [place.status(key) for key in (one, two, three)] == [200, UNKNOWN, 200]
    asked = place.keys("revoke", email)
    assert asked.stderr.startswith("The API keys ")
    revoked = place.keys("revoke", email, "--yes", "--json")
    assert revoked.stderr.startswith("Deleted 2 API keys ")
    assert {each["fingerprint"] for each in json.loads(revoked.stdout)} == {
        fingerprint(one),
        fingerprint(three),
    }
    assert [place.status(key) for key in (one, three)] == [UNKNOWN, UNKNOWN]


def add_key(place: Place, email: str, number: int) -> str:
    """Give somebody a further key behind the host's back."""
    key = "sk-" + hashlib.md5(f"{email} {number}".encode(), usedforsecurity=False).hexdigest()
    place.execute(
        "INSERT INTO api_key (id, user_id, key, created_at, updated_at) "
        f"SELECT '{number} of ' || id, id, '{key}', 1, 1 FROM \"user\" WHERE email = '{email}'"
    )
    return key


def test_a_fingerprint_of_two_keys_is_refused(sqlite: Place, email: str) -> None:
    """Two such keys take a second to find."""
    user = add_user(sqlite, email)
    seen: dict[str, str] = {}
    for number in itertools.count():
        one, other = f"sk-{number:032x}", seen.get(fingerprint(f"sk-{number:032x}"))
        if other is not None:
            break
        seen[fingerprint(one)] = one
    for address, key in ((user.email, one), (f"second-{email}", other)):
        old = sqlite.made("create", address, "--promote", "--yes")
        table = "api_key SET key" if KEEPS_TIMES else '"user" SET api_key'
        column = "key" if KEEPS_TIMES else "api_key"
        sqlite.execute(f"UPDATE {table} = '{key}' WHERE {column} = '{old}'")
    refused = sqlite.keys("revoke", fingerprint(one), "--yes")
    assert refused.returncode == 1
    assert user.email in refused.stderr
    assert sqlite.status(one) == 200


def test_an_ordinary_users_key_is_listed_and_revoked_and_not_replaced(
    sqlite: Place, email: str
) -> None:
    key = sqlite.made("create", email)
    sqlite.execute(f"""UPDATE "user" SET role = 'user' WHERE email = '{email}'""")
    found = listed(sqlite, email)
    assert found is not None
    assert found["role"] == "user"
    refused = sqlite.keys("rotate", email, "--yes")
    assert (refused.returncode, "not an administrator" in refused.stderr) == (1, True)
    assert listed(sqlite, email) == found
    assert sqlite.keys("revoke", fingerprint(key), "--yes").returncode == 0


def test_the_list_names_keys_and_shows_none(place: Place, email: str) -> None:
    options = ["--expires", "90d"] if KEEPS_TIMES else []
    key = place.made("create", email, *options)
    found = place.keys("list")
    assert (found.returncode, found.stderr) == (0, "")
    assert key not in found.stdout
    head, *rows = found.stdout.splitlines()
    assert head.split() == ["FINGERPRINT", "ROLE", "AGE", "EXPIRES", "LAST", "USED", "E-MAIL"]
    [row] = [row.split() for row in rows if row.endswith(f" {email}")]
    assert row[:2] == [fingerprint(key), "admin"]
    if KEEPS_TIMES:
        assert (row[2][-1], row[3][-1], row[4]) == ("s", "Z", "-")
    else:
        assert row[2:5] == ["-", "-", "-"]
    facts = listed(place, email)
    assert facts is not None
    assert list(facts) == [
        *("email", "role", "fingerprint", "created_at", "expires_at", "last_used_at")
    ]
    assert key not in json.dumps(facts)


def test_the_list_shows_nothing_that_a_terminal_obeys(sqlite: Place, email: str) -> None:
    key = sqlite.made("create", email)
    sqlite.execute(f"""UPDATE "user" SET email = 'red\x1b[31m-{email}' WHERE email = '{email}'""")
    shown = sqlite.keys("list").stdout
    assert f"red?[31m-{email}" in shown
    assert "\x1b" not in sqlite.keys("revoke", fingerprint(key), "--yes").stderr


@pytest.mark.skipif(KEEPS_TIMES, reason="keys have an end from 0.6.41 on")
def test_an_end_is_refused_where_a_key_can_have_none(sqlite: Place, email: str) -> None:
    before = sqlite.everything()
    refused = sqlite.keys("create", email, "--expires", "90d")
    assert (refused.returncode, "0.6.41" in refused.stderr) == (1, True)
    assert sqlite.everything() == before


def test_a_wrong_command_line(sqlite: Place, email: str) -> None:
    before = sqlite.everything()
    wrong = sqlite.keys("create", email, "--expires", "soon")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "90d" in wrong.stderr
    assert sqlite.keys("create").returncode == 2
    assert sqlite.everything() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "no-address"),
        ("rotate", "nobody@example.org", "--yes"),
        ("revoke", "nobody@example.org", "--yes"),
        ("revoke", "0123abcd", "--yes"),
        ("create", "a-password-of-mine", "--name", "another-one"),
        ("rotate", "a-password-of-mine", "--yes"),
        ("revoke", "a-password-of-mine", "--yes"),
    ],
)
def test_a_wrong_name_is_not_repeated(sqlite: Place, arguments: tuple[str, ...]) -> None:
    """It may be a secret."""
    before = sqlite.everything()
    refused = sqlite.keys(*arguments)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert arguments[1] not in refused.stderr
    assert "another-one" not in refused.stderr
    assert sqlite.everything() == before


def test_a_locked_database_changes_nothing(place: Place, email: str) -> None:
    before = place.everything()
    with place.locked():
        refused = place.keys("create", email)
    assert refused.returncode == 3
    assert refused.stderr.startswith("The database is locked: ")
    assert place.everything() == before


def test_nothing_half_done_stays(place: Place, user: Person, email: str) -> None:
    """Neither an account without a key, nor a promotion, nor a key that is gone without a new."""
    old = place.made("create", email)
    before = place.everything()
    with place.no_new_keys():
        for arguments in (
            ("create", f"new-{email}"),
            ("create", user.email, "--promote", "--yes"),
            ("rotate", email, "--yes"),
        ):
            assert place.keys(*arguments).returncode == 3
    assert place.everything() == before
    assert place.status(old) == 200


def test_of_two_commands_at_once_one_makes_the_account(place: Place, email: str) -> None:
    with ThreadPoolExecutor() as both:
        runs = list(both.map(lambda _: place.alone("create", email), range(2)))
    assert sorted(run.returncode for run in runs) == [0, 1]
    [made] = [run.stdout.strip() for run in runs if run.returncode == 0]
    assert place.status(made) == 200


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1)])
def test_somebody_at_a_terminal_is_asked(sqlite: Place, email: str, answer: str, code: int) -> None:
    key = sqlite.made("create", email)
    found = at_a_terminal(sqlite, answer, "rotate", email)
    assert found.returncode == code, found.stderr
    question = f"The API key {fingerprint(key)} of {email} would stop working. Continue? [y/N] "
    assert found.stderr.startswith(question)
    if code == 0:
        assert sqlite.status(found.stdout.removesuffix("\n")) == 200
    else:
        assert (found.stdout, found.stderr) == ("", f"{question}Nothing was done\n")
        assert sqlite.status(key) == 200


def test_the_settings_of_the_extension_do_not_matter(sqlite: Place) -> None:
    settings = {"ENABLE_ADMIN_API_KEY_BYPASS": "maybe", "OWUI_KEYGATE_STRICT": "true"}
    assert sqlite.keys("list", **settings).returncode == 0


def test_the_host_need_not_run(place: Place, email: str) -> None:
    place.server.stop()
    key = place.made("create", email)
    place.server.start()
    place.server.wait_until_healthy()
    assert place.status(key) == 200


def test_nothing_is_written_but_the_database(sqlite: Place, email: str, tmp_path: Path) -> None:
    static = tmp_path / "static"
    static.mkdir()
    (static / "favicon.png").write_bytes(b"the server's")
    here = tmp_path / "here"
    here.mkdir()
    settings = sqlite.server.settings | {"STATIC_DIR": str(static), "HOME": str(here)}
    assert run(sqlite.environment, settings, here, "create", email).returncode == 0
    assert list(here.iterdir()) == []
    assert [file.read_bytes() for file in static.iterdir()] == [b"the server's"]


def test_a_database_that_the_host_has_not_made_yet(keygate: Environment, tmp_path: Path) -> None:
    settings = host_settings(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    refused = run(keygate, settings, tmp_path, "create", "bot@example.org")
    assert refused.returncode == 3
    assert "start the server once" in refused.stderr
    assert not list(data.glob("*.db")), "or it would look like one that the host has made"


def test_an_empty_database_stays_empty(keygate: Environment, tmp_path: Path) -> None:
    with Postgres() as postgres:
        settings = host_settings(tmp_path) | {"DATABASE_URL": postgres.create("empty")}
        refused = run(keygate, settings, tmp_path, "create", "bot@example.org")
        tables = "SELECT * FROM information_schema.tables WHERE table_schema = 'public'"
        assert postgres.execute(tables, (), "empty") == []
    assert refused.returncode == 3
    assert "start the server once" in refused.stderr


def test_a_database_that_does_not_answer(keygate: Environment, tmp_path: Path) -> None:
    url = f"postgresql://who:{SECRET}@127.0.0.1:9/none"
    settings = host_settings(tmp_path) | {"DATABASE_URL": url}
    refused = run(keygate, settings, tmp_path, "list")
    assert refused.returncode == 3
    assert refused.stderr.startswith("The database cannot be reached: ")
    assert SECRET not in refused.stderr


def test_an_address_that_is_none(keygate: Environment, tmp_path: Path) -> None:
    settings = host_settings(tmp_path) | {"DATABASE_URL": SECRET}
    refused = run(keygate, settings, tmp_path, "list")
    assert refused.returncode == 3
    assert SECRET not in refused.stderr


def test_a_release_that_is_not_supported(keygate: Environment, tmp_path: Path) -> None:
    source = (keygate.site_packages / "open_webui" / "env.py").read_text()
    [line] = [line for line in source.splitlines() if line.startswith("VERSION = ")]
    altered = alter_host(keygate, tmp_path, "env.py", f"\n{line}\n", '\nVERSION = "0.13.0"\n')
    refused = run(keygate, host_settings(tmp_path) | altered, tmp_path, "list")
    assert refused.returncode == 3
    assert refused.stderr.startswith("Unsupported Open WebUI: expected Open WebUI ")


def test_no_host(tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "venv")
    environment.pip("install", built_wheel())
    refused = run(environment, {"PATH": os.environ["PATH"]}, tmp_path, "list")
    assert refused.returncode == 3
    assert refused.stderr.startswith("No Open WebUI found: ")


def test_the_folder_of_the_official_image(sqlite: Place, email: str, tmp_path: Path) -> None:
    """There the host is a folder in the working directory, and not installed with pip."""
    environment = image_environment(sqlite.environment, tmp_path)
    backend = tmp_path / "app" / "backend"
    made = run(environment, sqlite.server.settings, backend, "create", email)
    assert made.returncode == 0, made.stderr
    assert sqlite.status(made.stdout.removesuffix("\n")) == 200

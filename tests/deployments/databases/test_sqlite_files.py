"""SQLite on files that cannot be written or are exchanged: never an allow that stock refuses."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from harness.oracle import PERMISSION, Comparison, Oracle, person
from harness.server import BYPASS_ON, Server, ServerDiedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment
    from tests.support.tried import Tried

KEY, USERS_KEY = "sk-admin", "sk-user"
REVOKE = "DELETE FROM api_key WHERE key = 'sk-admin'"
FAILED = "Fast database reader failed"
CAPABILITIES = "-dac_override,-dac_read_search"
OBEDIENT = (
    *("/usr/bin/setpriv", f"--bounding-set={CAPABILITIES}", f"--inh-caps={CAPABILITIES}"),
    "--",
)
"""Runs a command so that the permissions of files bind it, although it is root's."""
ANSWERS = "answers as stock, fast"


@pytest.fixture(params=["WAL", "no WAL"])
def wal(request: pytest.FixtureRequest) -> str:
    mode: str = request.param
    return mode


def settings(file: Path, wal: str) -> dict[str, str]:
    url = f"sqlite:///{file}"
    return {"DATABASE_URL": url, "DATABASE_ENABLE_SQLITE_WAL": str(wal == "WAL")}


def fill(oracle: Oracle) -> None:
    oracle.store([person(), person("user")], {"user.permissions": PERMISSION})


def is_allowed(found: Comparison) -> bool:
    """Whether both checks let a request in; they must agree."""
    found.assert_equal()
    assert "raised" not in found.ours
    return "user" in found.ours


def assert_fast(oracle: Oracle, *, admin: bool) -> None:
    """The fast reader answers about both keys, and the administrator's is valid or not."""
    for key, expected in ((KEY, admin), (USERS_KEY, True)):
        found = oracle.compare(key)
        assert (is_allowed(found), found.host_reads) == (expected, 0)


def revoke(file: Path) -> None:
    """Delete the administrator's key, as another program does."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(REVOKE)


def make_unwritable(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)


def make_writable(folder: Path) -> None:
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)


def version() -> str:
    """Return the version of the interpreter's SQLite, which the host runs on as well."""
    return sqlite3.sqlite_version


def test_files_that_become_unwritable(
    keygate: Environment, tmp_path: Path, tried: Tried, wal: str
) -> None:
    """The files, with WAL also `-wal` and `-shm`, while the server runs and when it starts anew."""
    folder = tmp_path / "database"
    folder.mkdir()
    file = folder / "webui.db"
    with Oracle(keygate, tmp_path, settings(file, wal), OBEDIENT) as oracle:
        fill(oracle)
        assert_fast(oracle, admin=True)
        make_unwritable(folder)
        assert_fast(oracle, admin=True)
        assert file.with_name("webui.db-shm").exists() == (wal == "WAL")
        with Oracle(keygate, tmp_path / "other", settings(file, wal), OBEDIENT) as second:
            assert_fast(second, admin=True)
            revoke(file)
            assert_fast(oracle, admin=False)
            assert_fast(second, admin=False)
        make_writable(folder)
        assert_fast(oracle, admin=False)
        assert FAILED not in oracle.log + second.log
    files = "file, `-wal` and `-shm`" if wal == "WAL" else "file"
    tried(f"SQLite, {wal}, {files} unwritable", ANSWERS, SQLite=version())


@contextmanager
def mounted(target: Path, *options: str) -> Iterator[Path]:
    """Mount a file system, and take it away in the end."""
    target.mkdir(exist_ok=True)
    subprocess.run(["/usr/bin/mount", *options, target], check=True)
    try:
        yield target
    finally:
        subprocess.run(["/usr/bin/umount", target], check=True)


def test_a_read_only_file_system(
    keygate: Environment, tmp_path: Path, tried: Tried, wal: str
) -> None:
    """The host leaves `-wal` and `-shm` behind; without them SQLite cannot open such a database."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "tmpfs") as disk:
        file = disk / "webui.db"
        with Oracle(keygate, tmp_path, settings(file, wal)) as oracle:
            fill(oracle)
        remount(disk, "ro")
        with Oracle(keygate, tmp_path / "on-disk", settings(file, wal)) as oracle:
            for _ in range(3):
                assert_fast(oracle, admin=True)
    tried(f"SQLite, {wal}, on a read-only file system", ANSWERS, SQLite=version())


def test_a_read_only_file_system_without_the_files_of_wal(
    stock: Environment, keygate: Environment, tmp_path: Path, tried: Tried
) -> None:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "tmpfs") as disk:
        file = disk / "webui.db"
        with Oracle(keygate, tmp_path, settings(file, "WAL")) as oracle:
            fill(oracle)
        revoke(file)
        assert list(disk.iterdir()) == [file], "whoever closes it last removes the other files"
        remount(disk, "ro")
        for environment in (stock, keygate):
            folder = tmp_path / environment.folder.name
            server = Server(environment, folder, BYPASS_ON | settings(file, "WAL"))
            with pytest.raises(ServerDiedError, match="unable to open database file"), server:
                pass
    what = "SQLite, WAL, on a read-only file system without `-wal` and `-shm`"
    result = "Open WebUI itself ends at start, without the extension too"
    tried(what, result, SQLite=version())


def remount(target: Path, mode: str) -> None:
    subprocess.run(["/usr/bin/mount", "-o", f"remount,{mode}", target], check=True)


def test_an_overlay(keygate: Environment, tmp_path: Path, tried: Tried, wal: str) -> None:
    """The database comes with an image, as the host left it when it was killed."""
    lower = tmp_path / "lower"
    lower.mkdir()
    with Oracle(keygate, tmp_path, settings(lower / "webui.db", wal)) as oracle:
        fill(oracle)
        assert_fast(oracle, admin=True)
        shutil.copytree(lower, tmp_path / "image")
    layers = {"lowerdir": "image", "upperdir": "upper", "workdir": "work"}
    with mounted(tmp_path / "temporary", "-t", "tmpfs", "tmpfs") as temporary:
        for name in ("upper", "work"):
            (temporary / name).mkdir()
        places = {"image": tmp_path / "image"}
        options = ",".join(
            f"{option}={places.get(name, temporary / name)}" for option, name in layers.items()
        )
        with mounted(tmp_path / "merged", "-t", "overlay", "overlay", "-o", options) as merged:
            file = merged / "webui.db"
            with Oracle(keygate, tmp_path / "on-overlay", settings(file, wal)) as oracle:
                assert_fast(oracle, admin=True)
                oracle.ask("execute", statements=[REVOKE])
                assert_fast(oracle, admin=False)
                assert FAILED not in oracle.log
    tried(f"SQLite, {wal}, on overlayfs, the file from the layer below", ANSWERS, SQLite=version())


@pytest.mark.parametrize("asked", [True, False], ids=["asked before", "not asked before"])
def test_a_symlink_that_is_swapped(
    keygate: Environment, tmp_path: Path, tried: Tried, wal: str, *, asked: bool
) -> None:
    """The host goes on with the file that it has open, whatever the link leads to."""
    link, first, second = (tmp_path / name for name in ("webui.db", "first.db", "second.db"))
    first.touch()
    point(link, first)
    with Oracle(keygate, tmp_path, settings(link, wal)) as oracle:
        fill(oracle)
        if asked:
            assert_fast(oracle, admin=True)
        with closing(sqlite3.connect(first)) as database:
            database.execute("VACUUM INTO ?", (str(second),))
        point(link, second)
        oracle.ask("execute", statements=[REVOKE])
        for key in (KEY, USERS_KEY):
            found = oracle.compare(key)
            assert (is_allowed(found), found.host_reads) == (key == USERS_KEY, 1)
        assert oracle.log.count(FAILED) == 1
        assert "FileReplacedError" in oracle.log
        point(link, first)
        assert_fast(oracle, admin=False)
    when = "after" if asked else "before"
    what = f"SQLite, {wal}, behind a symlink that is swapped {when} the first key was checked"
    result = "answers as stock, through Open WebUI's models until the link leads back or a restart"
    tried(what, result, SQLite=version())


def point(link: Path, target: Path) -> None:
    """Let a symlink lead elsewhere, without a moment in which there is none."""
    new = link.with_name("new-link")
    new.symlink_to(target)
    new.rename(link)

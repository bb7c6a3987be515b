"""A key reaches its destination before the change holds, or the change does not."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from owui_keygate.commands.keys.deed import Deed, Mode, carry_out
from owui_keygate.commands.keys.errors import (
    HostUnusableError,
    MisplacedError,
    OutputError,
    UncertainError,
    UndoneError,
)
from owui_keygate.commands.keys.output import Output
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import sessionmaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from owui_keygate.readers.holders import Execute
    from sqlalchemy import Engine, PoolProxiedConnection

    LeadTo: TypeAlias = Callable[[int], int]

KEY = "sk-secret"
FULL = Path("/dev/full")


@pytest.fixture
def umask() -> Iterator[None]:
    """Let everybody read what is made without care."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_the_file_is_its_owners_from_the_beginning(tmp_path: Path) -> None:
    with Output(tmp_path / "bot.key") as output:
        output.write("", key=KEY)
        [temporary] = tmp_path.iterdir()
        assert temporary == output.waiting
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        output.keep()
    [file] = tmp_path.iterdir()
    assert (file.name, file.read_text()) == ("bot.key", f"{KEY}\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_old_file_is_whole_until_the_new_one_takes_its_place(tmp_path: Path) -> None:
    file = tmp_path / "bot.key"
    file.write_text("old")
    other = tmp_path / "link"
    other.hardlink_to(file)
    with Output(file) as output:
        output.write("", key=KEY)
        assert file.read_text() == "old"
        output.keep()
    assert file.read_text() == f"{KEY}\n"
    assert other.read_text() == "old", "another file has taken the name"


def test_a_file_that_does_not_hold_is_gone(tmp_path: Path) -> None:
    with Output(tmp_path / "bot.key") as output:
        output.write("", key=KEY)
        output.discard()
        output.keep()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["link", "dangling", "folder", "pipe"])
def test_only_a_regular_file_is_replaced(tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OutputError, match="not a regular file"):
        Output(tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before
    assert target.read_text() == "old"


def test_what_is_planted_at_a_temporary_name_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(["planted", "free"])
    monkeypatch.setattr("tempfile._get_candidate_names", lambda: names)
    victim = tmp_path / "victim"
    (tmp_path / ".bot.key.planted").symlink_to(victim)
    with Output(tmp_path / "bot.key") as output:
        output.write("", key=KEY)
        assert output.waiting == tmp_path / ".bot.key.free"
        output.keep()
    assert not victim.exists()


def test_half_a_file_does_not_stay(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Output(tmp_path / "bot.key") as output:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
        try:
            with pytest.raises(OutputError, match="the file of --out cannot be written"):
                output.write("", key=KEY)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with (
        Output(tmp_path / "none" / "bot.key") as output,
        pytest.raises(OutputError, match="No such file or directory"),
    ):
        output.write("", key=KEY)


def test_a_file_that_cannot_be_replaced(tmp_path: Path) -> None:
    """It was none when the command began."""
    file = tmp_path / "bot.key"
    with Output(file) as output:
        output.write("", key=KEY)
        file.mkdir()
        with pytest.raises(MisplacedError, match="the new key is in ") as raised:
            output.keep()
    [place] = [each for each in tmp_path.iterdir() if each.is_file()]
    assert str(raised.value).endswith(str(place))
    assert place.read_text() == f"{KEY}\n"


def test_the_file_does_not_stay_if_standard_output_is_full(tmp_path: Path, stdout: LeadTo) -> None:
    with FULL.open("wb") as full:
        stdout(full.fileno())
    with (
        Output(tmp_path / "bot.key") as output,
        pytest.raises(OutputError, match="standard output cannot be written"),
    ):
        output.write("facts", key=KEY)
    assert not output.printed
    assert list(tmp_path.iterdir()) == []


def test_a_standard_output_that_takes_a_part_gets_the_rest(tmp_path: Path, stdout: LeadTo) -> None:
    with (tmp_path / "file").open("wb") as file:
        stdout(file.fileno())
    written = os.write
    with pytest.MonkeyPatch.context() as patch, Output() as output:
        patch.setattr(os, "write", lambda number, data: written(number, data[:3]))
        output.write("one two three")
    assert (tmp_path / "file").read_text() == "one two three"


class Host:
    """A database with one table, whose commits can fail."""

    def __init__(self, folder: Path) -> None:
        self.announced: list[str] = []
        self.engine = create_engine(f"sqlite:///{folder / 'database'}")
        with self.engine.begin() as connection:
            connection.execute(text("CREATE TABLE made (key TEXT)"))
        self.database: Any = SimpleNamespace(engine=self.engine, SessionLocal=sessionmaker())

    def carry_out(self, output: Output, text_: str = "the key\n", mode: Mode = Mode.CHANGE) -> str:
        async def work(execute: Execute) -> str:
            await execute(text("INSERT INTO made VALUES ('key')"))
            return KEY

        async def kept(execute: Execute, _: str) -> bool:
            return bool((await execute(text("SELECT * FROM made"))).all())

        deed = Deed(work, lambda key: output.write(text_, key=key), kept, self.announced.append)
        return carry_out(self.database, deed, output, mode=mode)

    @property
    def rows(self) -> int:
        with self.engine.connect() as connection:
            return len(connection.execute(text("SELECT * FROM made")).all())


def fail(*_: object) -> None:
    message = "it broke"
    raise OSError(message)


def fail_after_the_commit(engine: Engine) -> None:
    really = engine.dialect.do_commit

    def commit(connection: PoolProxiedConnection) -> None:
        engine.dialect.do_commit = really  # type: ignore[method-assign]
        really(connection)
        fail()

    engine.dialect.do_commit = commit  # type: ignore[method-assign,assignment]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    folder = tmp_path / "host"
    folder.mkdir()
    return Host(folder)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "bot.key"


def test_what_cannot_be_shown_is_taken_back(host: Host, stdout: LeadTo) -> None:
    with FULL.open("wb") as full:
        stdout(full.fileno())
    with Output() as output, pytest.raises(OutputError):
        host.carry_out(output)
    assert (host.rows, host.announced) == (0, [])


def test_a_dry_run_is_taken_back(host: Host, out: Path) -> None:
    with Output(out) as output:
        assert host.carry_out(output, mode=Mode.DRY_RUN) == KEY
    assert (host.rows, host.announced) == (0, [KEY])


def test_a_commit_that_fails_makes_what_was_printed_void(host: Host) -> None:
    event.listen(host.engine, "commit", fail, once=True)
    with Output() as output, pytest.raises(UndoneError, match="NOT valid"):
        host.carry_out(output)
    assert (host.rows, host.announced) == (0, [])


def test_a_commit_that_fails_before_anything_was_printed(host: Host, out: Path) -> None:
    event.listen(host.engine, "commit", fail, once=True)
    out.write_text("old")
    with Output(out) as output, pytest.raises(HostUnusableError):
        host.carry_out(output, "")
    assert [file.read_text() for file in out.parent.iterdir()] == ["old"]


def test_a_commit_that_fails_when_it_is_done_is_done(host: Host, out: Path) -> None:
    fail_after_the_commit(host.engine)
    with Output(out) as output:
        assert host.carry_out(output, "") == KEY
    assert out.read_text() == f"{KEY}\n"
    assert host.announced == [KEY]


def test_a_change_is_announced_although_its_file_cannot_be_replaced(host: Host, out: Path) -> None:
    event.listen(host.engine, "commit", lambda _: out.mkdir(), once=True)
    with Output(out) as output, pytest.raises(MisplacedError):
        host.carry_out(output, "")
    assert (host.rows, host.announced) == (1, [KEY])


def test_a_database_that_does_not_tell_any_more(host: Host, out: Path) -> None:
    @event.listens_for(host.engine, "commit")
    def break_down(*_: object) -> None:
        event.listen(host.engine, "engine_connect", fail)
        fail()

    with Output(out) as output, pytest.raises(UncertainError) as raised:
        host.carry_out(output, "")
    [file] = out.parent.iterdir()
    assert file.read_text() == f"{KEY}\n"
    assert str(file) in str(raised.value)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_signal_comes_between_the_output_and_its_place(
    host: Host, out: Path, number: signal.Signals
) -> None:
    before = signal.getsignal(number)

    @event.listens_for(host.engine, "commit")
    def interrupt(*_: object) -> None:
        signal.raise_signal(number)

    with Output(out) as output:
        host.carry_out(output, "")
    assert out.read_text() == f"{KEY}\n"
    assert signal.getsignal(number) is before


@pytest.mark.usefixtures("signals_are_heeded")
def test_an_interrupt_before_the_output_ends_it(host: Host, out: Path) -> None:
    async def work(_: object) -> str:
        signal.raise_signal(signal.SIGINT)
        return KEY

    async def kept(*_: object) -> bool:
        await asyncio.sleep(0)
        return True

    with Output(out) as output:
        deed = Deed(work, lambda key: output.write(key, key=key), kept, host.announced.append)
        with pytest.raises(KeyboardInterrupt):
            carry_out(host.database, deed, output)
    assert not output.printed
    assert list(out.parent.iterdir()) == []

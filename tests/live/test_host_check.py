"""The drift guard: what it says of the release under test, and of one that has changed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from owui_keygate.hosts.sources import Sources, functions
from owui_keygate.patching.points import HostTable

from dev.host_check import generation_of, source, unclassed
from harness.environments import HOST_VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment


def test_the_release_under_test_fits(stock: Environment) -> None:
    generation = generation_of(HOST_VERSION)
    checked = list(functions(generation))
    names = {each.name for each in checked}
    assert names >= {"decode_token", "UsersTable.get_user_by_api_key", "get_current_user"}
    sources = Sources(stock.site_packages)
    assert {str(each): sources.fault(each) for each in checked} == dict.fromkeys(map(str, checked))
    assert HOST_VERSION in generation.tried


def test_a_new_column_is_found(stock: Environment, tmp_path: Path) -> None:
    tables = [f for f in functions(generation_of(HOST_VERSION)) if isinstance(f, HostTable)]
    [table] = tables
    altered = tmp_path / "open_webui" / "models" / "users.py"
    altered.parent.mkdir(parents=True)
    text = (stock.site_packages / "open_webui" / "models" / "users.py").read_text()
    column = "    api_key_scopes = Column(Text)\n"
    body = text.index("__tablename__", text.index(f"class {table.name}("))
    end_of_line = text.index("\n", body) + 1
    altered.write_text(text[:end_of_line] + column + text[end_of_line:])
    assert Sources(tmp_path).fault(table) == (
        "expected a table it knows, found the new columns api_key_scopes"
    )
    assert column.strip() in "".join(source(table, tmp_path))
    altered.write_text("")
    assert Sources(tmp_path).fault(table) == "it is not there"


def test_what_is_new_is_found(stock: Environment, tmp_path: Path) -> None:
    [function] = (f for f in functions(generation_of(HOST_VERSION)) if f.name == "decode_token")
    altered = tmp_path / "open_webui" / "utils" / "auth.py"
    altered.parent.mkdir(parents=True)
    shutil.copy(stock.site_packages / "open_webui" / "utils" / "auth.py", altered)
    text = altered.read_text()
    altered.write_text(text.replace("algorithms=[ALGORITHM]", "algorithms=[ALGORITHM], leeway=9"))
    assert (
        Sources(tmp_path).fault(function) == "expected a body it knows, found the new words leeway"
    )
    assert "leeway" in "".join(source(function, tmp_path))
    altered.write_text(text.replace("def decode_token(token", "async def decode_token(token"))
    assert Sources(tmp_path).fault(function) == (
        "expected a function that is not async, found an async function"
    )
    altered.write_text(text.replace("def decode_token(token", "def decode_tokens(token"))
    assert Sources(tmp_path).fault(function) == "it is not there"
    altered.write_text("def decode_token(token:\n")
    assert Sources(tmp_path).fault(function) == "its module cannot be read: SyntaxError"
    altered.unlink()
    assert Sources(tmp_path).fault(function) == "its module is not there"


def test_every_route_of_the_release_under_test_has_a_class(stock: Environment) -> None:
    assert unclassed(stock.site_packages) == []


def test_a_new_route_is_printed(stock: Environment, tmp_path: Path) -> None:
    routers = tmp_path / "open_webui" / "routers"
    routers.parent.mkdir()
    original = stock.site_packages / "open_webui"
    (routers.parent / "main.py").symlink_to(original / "main.py")
    shutil.copytree(original / "routers", routers)
    altered = routers / "utils.py"
    text = altered.read_text()
    altered.write_text(text + "\n@router.post('/new/{id}')\ndef new(id): ...\n")
    assert unclassed(tmp_path) == ["POST /api/v1/utils/new/{}"]
    altered.write_text(text + "\nrouter.add_api_route('/' + NEW, print)\n")
    [line] = unclassed(tmp_path)
    assert line.startswith("unknown, as they cannot be read: utils.py, line ")
    altered.write_text(text + "\n@router.get(PREFIX + '/new')\ndef new(): ...\n")
    assert unclassed(tmp_path)[0].startswith("unknown, as they cannot be read: utils.py, line ")
    altered.unlink()
    assert unclassed(tmp_path)[0].startswith("unknown, as they cannot be read: ")

"""The drift guard: what it says of the release under test, and of one that has changed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from harness.environments import HOST_VERSION
from harness.host_check import fault, functions, generation_of, source

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment


def test_the_release_under_test_fits(stock: Environment) -> None:
    generation = generation_of(HOST_VERSION)
    checked = list(functions(generation))
    names = {each.name for each in checked}
    assert names >= {"decode_token", "UsersTable.get_user_by_api_key"}
    assert {str(each): fault(each, stock.site_packages) for each in checked} == dict.fromkeys(
        map(str, checked)
    )
    assert HOST_VERSION in generation.tried


def test_what_is_new_is_found(stock: Environment, tmp_path: Path) -> None:
    [function] = (f for f in functions(generation_of(HOST_VERSION)) if f.name == "decode_token")
    altered = tmp_path / "open_webui" / "utils" / "auth.py"
    altered.parent.mkdir(parents=True)
    shutil.copy(stock.site_packages / "open_webui" / "utils" / "auth.py", altered)
    text = altered.read_text()
    altered.write_text(text.replace("algorithms=[ALGORITHM]", "algorithms=[ALGORITHM], leeway=9"))
    assert fault(function, tmp_path) == "expected a body it knows, found the new words leeway"
    assert "leeway" in "".join(source(function, tmp_path))
    altered.write_text(text.replace("def decode_token(token", "async def decode_token(token"))
    assert fault(function, tmp_path) == (
        "expected a function that is not async, found an async function"
    )
    altered.write_text(text.replace("def decode_token(token", "def decode_tokens(token"))
    assert fault(function, tmp_path) == "it is not there"
    altered.unlink()
    assert fault(function, tmp_path) == "its module is not there"

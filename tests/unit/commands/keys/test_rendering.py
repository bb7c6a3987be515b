"""How holders of keys are shown."""

from __future__ import annotations

import json

from owui_keygate.commands.keys.rendering import JsonArray, Table, to_json
from owui_keygate.readers.holder import Holder, facts_of


def key(email: str, role: str = "user", ends: int | None = None) -> Holder:
    return Holder("1", email, role, "0123abcd", None, ends, None)


def test_json_is_laid_out_as_the_module_json_does_it() -> None:
    for found in ([], [key("é@b")], [key("a@b"), key('"\n@b', ends=1)]):
        assert to_json(found) == json.dumps([facts_of(each) for each in found], indent=2) + "\n"


def test_parts_make_one_array() -> None:
    form = JsonArray()
    texts = [form.part([key("a")]), form.part([]), form.part([key("b"), key("c")]), form.end()]
    assert "".join(texts) == to_json([key("a"), key("b"), key("c")])


def test_the_first_part_gives_the_widths() -> None:
    table = Table()
    assert table.part([key("long-address@example.org", ends=1), key("a@b")]) == (
        "FINGERPRINT  ROLE  AGE  EXPIRES               LAST USED  E-MAIL\n"
        "0123abcd     user  -    1970-01-01T00:00:01Z  -          long-address@example.org\n"
        "0123abcd     user  -    -                     -          a@b\n"
    )
    assert table.part([key("c@d", "pending")]) == (
        "0123abcd     pending  -    -                     -          c@d\n"
    )
    assert table.end() == ""


def test_a_table_without_rows_has_a_head() -> None:
    assert Table().part([]) == "FINGERPRINT  ROLE  AGE  EXPIRES  LAST USED  E-MAIL\n"

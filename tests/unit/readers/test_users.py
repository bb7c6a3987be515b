"""User objects: equal to the host's own, and each for one request alone."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from owui_keygate.readers.users import Users
from pydantic import BaseModel, ConfigDict, ValidationError

TEXTS = st.text(max_size=5)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
DICTS = st.dictionaries(TEXTS, JSONS, max_size=3)


class Settings(BaseModel):
    model_config = ConfigDict(extra="allow")
    ui: dict[str, Any] | None = {}


class Model(BaseModel):
    id: str
    born: dt.date | None
    at: int
    any: Any
    settings: Settings | None
    tags: set[int] = {1}


def users() -> Users:
    return Users(Model, {"any": json.loads, "settings": json.loads})


def columns(any_: object = None, settings: object = None) -> list[Any]:
    texts = [value if value is None else json.dumps(value) for value in (any_, settings)]
    return ["id", dt.date(2026, 1, 1), 1, *texts, frozenset({1, 2})]


def change_all(value: object) -> None:
    """Change everything that can be changed, wherever it is."""
    if isinstance(value, BaseModel):
        for part in (value.__dict__, value.__pydantic_extra__ or {}):
            change_all(part)
        value.model_fields_set.clear()
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            change_all(inner)
        value.clear()
    elif isinstance(value, set):
        value.clear()


@given(DICTS | JSONS, st.none() | DICTS | st.fixed_dictionaries({"ui": DICTS, "more": JSONS}))
def test_whatever_a_request_does_to_its_user_the_next_one_gets_an_equal_one(
    any_: object, settings: object
) -> None:
    row = columns(any_, settings)
    fields = dict(zip(Model.model_fields, row, strict=True))
    for name in ("any", "settings"):
        fields[name] = None if fields[name] is None else json.loads(fields[name])
    try:
        expected = repr(Model.model_validate(fields))
    except ValidationError:
        with pytest.raises(ValidationError):
            users().of(row)
        return
    made = users()
    for _ in range(3):
        user: Any = made.of(row)
        assert repr(user) == expected
        assert user.model_fields_set == set(Model.model_fields)
        change_all(user)


def test_an_identical_row_is_validated_once_and_another_is_not_identical() -> None:
    validated = []

    def parse(text: str) -> object:
        validated.append(text)
        return json.loads(text)

    made = Users(Model, {"any": parse})
    row: list[Any] = ["id", None, 1, '{"a": 1}', None, frozenset()]
    for _ in range(3):
        made.of(row)
    assert len(validated) == 1
    for other in (["ie", *row[1:]], [*row[:2], 1.0, *row[3:]], [*row[:2], True, *row[3:]]):
        made.of(other)
    assert len(validated) == 4

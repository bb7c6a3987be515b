"""User objects of the host, made of rows."""

from __future__ import annotations

import copy
import datetime as dt
import functools
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from owui_keygate.readers import User

_DISTINCT_ROWS = 64
_IMMUTABLE = (str, int, float, dt.date, type(None))


class Users:
    """Makes user objects, each for one request alone.

    What a row means follows from the row: an identical one is validated once, and copied for each
    request. It is read from the database all the same.

    Args:
        model: The host's class of user objects.
        processors: What turns the value of a column into that of the field, by name, where they
            differ; NULL stays NULL.
    """

    def __init__(self, model: type[BaseModel], processors: dict[str, Callable[[Any], Any]]) -> None:
        self._model = model
        self._processors = processors
        # Typed, as a row with 1.0 is not identical to one with 1.
        self._validated = functools.lru_cache(_DISTINCT_ROWS, typed=True)(self._validate)

    def of(self, columns: Sequence[Any]) -> User:
        """Return the user object for a row.

        Args:
            columns: The values of the model's fields, in their order, as the database has them.

        Raises:
            Exception: The host's own model refuses them as well.
        """
        validated, mutable = self._validated(*columns)
        user: Any = validated.model_copy()
        for name in mutable:
            user.__dict__[name] = _copied(user.__dict__[name])
        return user  # type: ignore[no-any-return]

    def _validate(self, *columns: Any) -> tuple[BaseModel, list[str]]:  # noqa: ANN401
        fields = dict(zip(self._model.model_fields, columns, strict=True))
        for name, process in self._processors.items():
            if fields[name] is not None:
                fields[name] = process(fields[name])
        user = self._model.model_validate(fields)
        return user, [n for n, value in vars(user).items() if not isinstance(value, _IMMUTABLE)]


def _copied(value: Any) -> Any:  # noqa: ANN401
    """Return an equal value that has nothing in common with it that can be changed.

    It recurses as deep as the JSON it was read from. `copy.deepcopy` would take ten times as long.
    """
    if isinstance(value, _IMMUTABLE):
        return value
    if isinstance(value, dict):
        return {name: _copied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_copied(inner) for inner in value]
    if isinstance(value, BaseModel):
        fresh = value.model_copy()
        for members in (fresh.__dict__, fresh.__pydantic_extra__ or {}):
            members.update(_copied(members))
        return fresh
    return copy.deepcopy(value)

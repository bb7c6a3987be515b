"""Makes the host's user objects from rows."""

from __future__ import annotations

import copy
import datetime as dt
import functools
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from owui_keygate.readers import User

    _Copiers: TypeAlias = list[tuple[Any, Callable[[], Any]]]

_DISTINCT_ROWS = 64
_IMMUTABLE = (str, int, float, dt.date, type(None))


class Users:
    """Makes user objects, each for one request alone.

    The meaning of a row follows from the row alone: identical rows are validated once, and the
    result is copied for each request. The row itself is still read from the database every time.

    Args:
        model: The host's class of user objects.
        processors: Functions that turn the value of a column into the value of its field, by name,
            if the two differ; NULL stays NULL.
    """

    def __init__(self, model: type[BaseModel], processors: dict[str, Callable[[Any], Any]]) -> None:
        self._model = model
        self._processors = processors
        # Typed, because a row with 1.0 is not identical to a row with 1.
        self._copies_of = functools.lru_cache(_DISTINCT_ROWS, typed=True)(self._validate)

    def of(self, columns: Sequence[Any]) -> User:
        """Return a user object for a row, which nobody else has.

        Raises:
            Exception: The host's own model refuses them, too.
        """
        return self.copies_of(columns)()

    def copies_of(self, columns: Sequence[Any]) -> Callable[[], User]:
        """Return what makes user objects for a row, a new one each time.

        Args:
            columns: The values of the model's fields, in their order, as the database has them.

        Raises:
            Exception: The host's own model refuses them, too.
        """
        return self._copies_of(*columns)

    def _validate(self, *columns: object) -> Callable[[], Any]:
        fields = dict(zip(self._model.model_fields, columns, strict=True))
        for name, process in self._processors.items():
            if fields[name] is not None:
                fields[name] = process(fields[name])
        return _copier_of_model(self._model.model_validate(fields))


def _copier(value: object) -> Callable[[], Any] | None:
    """Return a function that copies a value, or None for a value that cannot be changed.

    A copy is equal to the value and shares nothing changeable with it. The parts to copy are found
    once, because `copy.deepcopy` would take ten times as long for each request. The recursion is as
    deep as the JSON that the value was read from.
    """
    if isinstance(value, _IMMUTABLE):
        return None
    if isinstance(value, BaseModel):
        return _copier_of_model(value)
    if isinstance(value, dict):
        return functools.partial(_copy, value, _copiers(value.items()))
    if isinstance(value, list):
        return functools.partial(_copy, value, _copiers(enumerate(value)))
    if isinstance(value, set):
        return value.copy
    return functools.partial(copy.deepcopy, value)


def _copier_of_model(model: BaseModel) -> Callable[[], Any]:
    # These slots contain everything that a model has; `model_copy` takes longer.
    held = ((slot, getattr(model, slot)) for slot in BaseModel.__slots__ if hasattr(model, slot))
    slots = [(slot, value, _copier(value)) for slot, value in held]
    cls, new = type(model), type(model).__new__
    # The `__setattr__` of a model would validate the value.
    set_slot = object.__setattr__

    def copy_model() -> BaseModel:
        fresh = new(cls)
        for slot, value, copy_of in slots:
            set_slot(fresh, slot, value if copy_of is None else copy_of())
        return fresh

    return copy_model


def _copiers(members: Iterable[tuple[Any, Any]]) -> _Copiers:
    found = ((place, _copier(value)) for place, value in members)
    return [(place, copy_of) for place, copy_of in found if copy_of is not None]


def _copy(value: dict[Any, Any] | list[Any], copiers: _Copiers) -> object:
    fresh = value.copy()
    for place, copy_of in copiers:
        fresh[place] = copy_of()
    return fresh

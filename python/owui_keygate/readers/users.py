"""User objects of the host, made of rows."""

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
        self._copies_of = functools.lru_cache(_DISTINCT_ROWS, typed=True)(self._validate)

    def of(self, columns: Sequence[Any]) -> User:
        """Return the user object for a row.

        Args:
            columns: The values of the model's fields, in their order, as the database has them.

        Raises:
            Exception: The host's own model refuses them as well.
        """
        user: User = self._copies_of(*columns)()
        return user

    def _validate(self, *columns: object) -> Callable[[], Any]:
        fields = dict(zip(self._model.model_fields, columns, strict=True))
        for name, process in self._processors.items():
            if fields[name] is not None:
                fields[name] = process(fields[name])
        return _copier_of_model(self._model.model_validate(fields))


def _copier(value: object) -> Callable[[], Any] | None:
    """Return what makes copies of a value, or None for one that cannot be changed.

    A copy is equal and has nothing in common with the value that can be changed. What there is to
    copy is found once, since `copy.deepcopy` would take ten times as long for each request. It
    recurses as deep as the JSON the value was read from.
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
    # What a model holds is in these slots, from its fields on; `model_copy` takes longer.
    held = ((slot, getattr(model, slot)) for slot in BaseModel.__slots__ if hasattr(model, slot))
    slots = [(slot, value, _copier(value)) for slot, value in held]
    cls, new = type(model), type(model).__new__
    # A model's own way to set an attribute validates it.
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

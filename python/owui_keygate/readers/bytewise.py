"""Sorts texts by their bytes in each database, as SQLite and Python do."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class Bytewise(FunctionElement[Any]):
    """A text in ORDER BY. PostgreSQL would sort it by the rules of a language."""

    inherit_cache = True
    type = Text()


@compiles(Bytewise)
def _as_it_is(element: Bytewise, compiler: Any, **options: Any) -> str:  # noqa: ANN401 (SQLAlchemy's)
    return str(compiler.process(element.clauses, **options))


@compiles(Bytewise, "postgresql")
def _collated(element: Bytewise, compiler: Any, **options: Any) -> str:  # noqa: ANN401 (SQLAlchemy's)
    return f'{compiler.process(element.clauses, **options)} COLLATE "C"'

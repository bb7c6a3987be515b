"""Many people with API keys, made in seconds by the database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    Execute: TypeAlias = Callable[[str], Sequence[tuple[Any, ...]]]

_COLUMNS = {
    "sqlite": "SELECT name FROM pragma_table_info('{table}')",
    "postgresql": "SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'",
}
_HEX = {"sqlite": "printf('%032x', i)", "postgresql": "lpad(to_hex(i), 32, '0')"}
_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"


def add_crowd(execute: Execute, dialect: str, people: int, admin_every: int = 0) -> None:
    """Add people, who are copies of the first account with the role `user`, each with a key.

    Args:
        execute: Runs a statement and commits it.
        dialect: `sqlite` or `postgresql`.
        people: How many.
        admin_every: How far it is from one administrator among them to the next; 0 for none.
    """
    key = f"'sk-' || {_HEX[dialect]}"
    numbers = _NUMBERS.format(last=people - 1)
    changed = {
        "id": "'crowd-' || i",
        "email": "'crowd-' || i || '@example.org'",
        "role": f"CASE i % {admin_every} WHEN 0 THEN 'admin' ELSE 'user' END"
        if admin_every
        else "'user'",
        "api_key": key,
    }
    columns = [name for (name,) in execute(_COLUMNS[dialect].format(table="user"))]
    values = ", ".join(changed.get(name, f'u."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    first = '(SELECT * FROM "user" ORDER BY created_at LIMIT 1) u'
    execute(f'INSERT INTO "user" ({names}) {numbers} SELECT {values} FROM n, {first}')  # noqa: S608 (names of columns)
    if "api_key" not in columns:
        execute(
            "INSERT INTO api_key (id, user_id, key, created_at, updated_at) "  # noqa: S608 (numbers)
            f"{numbers} SELECT 'crowd-' || i, 'crowd-' || i, {key}, i, i FROM n"
        )

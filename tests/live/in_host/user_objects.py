"""Runs in the host's environment: the users that our reader makes beside those of the host's own.

It makes every user of the database different first, and prints for each key both objects as JSON.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from types import SimpleNamespace
from typing import Any

from open_webui import env
from open_webui.models.users import Users
from open_webui.utils import auth
from owui_keygate import hosts
from owui_keygate.hosts import adapters
from owui_keygate.readers import NotReadyError

SETTINGS: Any = (None, {}, {"ui": {"models": ["a", "b"], "deep": [{"x": None}]}, "more": 1.5})
INFO: Any = (None, {}, {"automation": "nightly", "list": [1, 2.5, "x", True, None]})


async def answer(found: Any) -> Any:
    """Return a result of the host, which is a coroutine from 0.9.0 on."""
    return await found if inspect.iscoroutine(found) else found


def seen(user: Any) -> list[Any]:
    """Return all that can be seen of a user object."""
    fields = sorted(user.model_fields_set)
    return [type(user).__qualname__, repr(user), fields, repr(user.__pydantic_extra__)]


async def ready(reader: Any) -> None:
    """Wait until a reader has its connection."""
    while True:
        try:
            await reader.read("sk-x", rules_bind_admins=False)
        except NotReadyError:
            await asyncio.sleep(0.01)
        else:
            return


async def main(keys: list[str]) -> None:
    """Compare."""
    generation = hosts.choose(str(env.VERSION))
    extension: Any = SimpleNamespace(reader=generation.reader_for(str(env.DATABASE_URL)))
    if inspect.iscoroutinefunction(Users.get_user_by_api_key):
        host = adapters.asynchronous_adapter(auth, extension, getattr(auth, "Config", None))
    else:
        host = adapters.blocking_adapter(auth, extension)
    # Not the one that falls back.
    reader = getattr(host.reader, "_fast", host.reader)
    await ready(reader)
    found: dict[str, Any] = {"reader": extension.reader.name, "users": []}
    for number, key in enumerate(keys):
        user = await answer(Users.get_user_by_api_key(key))
        changes = {"settings": SETTINGS[number % 3], "info": INFO[(number + 1) % 3]}
        await answer(Users.update_user_by_id(user.id, changes))
        reading = await reader.read(key, rules_bind_admins=False)
        theirs = await answer(Users.get_user_by_api_key(key))
        found["users"].append([None if reading is None else seen(reading.user), seen(theirs)])
        found["users"].append(
            [await reader.read(key + "x", rules_bind_admins=False) and "somebody", None]
        )
    print(json.dumps(found))  # noqa: T201


asyncio.run(main(sys.argv[1:]))

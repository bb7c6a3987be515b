"""Runs in the host's environment: the replaced check beside the host's own, on one database.

What differs is printed; nothing is printed where all is the same.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from fastapi import HTTPException
from open_webui.models.config import Config
from open_webui.models.users import Users
from open_webui.utils import auth
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.requests import Request

EXPORTER = InMemorySpanExporter()
TRACER = TracerProvider()
TRACER.add_span_processor(SimpleSpanProcessor(EXPORTER))
RULES = (
    "auth.enable_api_keys",
    "auth.api_key.endpoint_restrictions",
    "auth.api_key.allowed_endpoints",
    "user.permissions",
)
TRUTHS = [True, None, 0, "x"]
PERMISSIONS: list[object] = [{}, {"features": {"api_keys": True}}]
LISTS = ["", "/api/models", " /x ,/api", None, ["/api/models"], 1, "/api/models\x1c,/y"]


async def outcome(check: Any, key: str) -> tuple[object, dict[str, object]]:  # noqa: ANN401
    """Return all that can be seen of a check: the user or the error, and the span."""
    headers = [(b"authorization", f"Bearer {key}".encode())]
    request = Request({"type": "http", "headers": headers, "path": "/api/models"})
    # The host's middleware of 0.10 does this.
    request.state.enable_api_keys = await Config.get("auth.enable_api_keys")
    with TRACER.get_tracer("test").start_as_current_span("request"):
        result: object
        try:
            user = await check(request, key)
            result = (type(user), user.model_dump(exclude={"last_active_at"}))
        except HTTPException as error:
            result = (error.status_code, error.detail, error.headers)
    attributes = dict(EXPORTER.get_finished_spans()[-1].attributes or {})
    EXPORTER.clear()
    return result, attributes


async def main() -> None:
    """Compare under many rules, then look at the user objects."""
    replaced = auth.get_current_user_by_api_key
    host_own = replaced.__wrapped__
    keys = ["sk-nobody"]
    for role in ("admin", "user", "pending"):
        email = f"{role}@example.org"
        user = await auth.Auths.insert_new_auth(email, "", role, role=role)
        await Users.update_user_api_key_by_id(user.id, f"sk-{role}")
        info = {"settings": {"ui": {"a": [1]}}, "info": {"b": "\u00e9"}, "bio": "x"}
        await Users.update_user_by_id(user.id, info | {"variables": {"v": 1}})
        keys.append(f"sk-{role}")
    for values in itertools.product(TRUTHS, TRUTHS, LISTS, PERMISSIONS):
        await Config.upsert(dict(zip(RULES, values, strict=True)))
        for key in keys:
            stock, ours = await outcome(host_own, key), await outcome(replaced, key)
            if stock != ours:
                print(key, values, stock, ours)  # noqa: T201
    await Config.upsert(dict(zip(RULES, (True, False, "", {}), strict=True)))
    _, attributes = await outcome(replaced, "sk-admin")
    if attributes.get("client.auth.type") != "api_key":
        print("an allowed request has left nothing in its span")  # noqa: T201
    request = Request({"type": "http", "headers": [], "path": "/"})
    one, other = [await replaced(request, "sk-admin") for _ in range(2)]
    if one is other or one.settings is other.settings or one.info is other.info:
        print("two requests share a user object")  # noqa: T201
    print("done")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())

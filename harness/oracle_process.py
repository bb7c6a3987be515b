"""Runs in the host's environment: the replaced check beside the host's own, on one database.

It reads one JSON object a line, does what that says and answers with one. `harness.oracle.Oracle`
is the other end.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from typing import Any

from fastapi import HTTPException
from open_webui.internal import db
from open_webui.models.config import Config
from open_webui.models.users import ApiKey, User
from open_webui.utils import auth
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from owui_keygate.installation import INSTALLATION
from owui_keygate.readers.host import HostReader
from owui_keygate.report import report as report_of
from sqlalchemy import delete, insert, text
from sqlalchemy.exc import DBAPIError
from starlette.requests import Request

EXPORTER = InMemorySpanExporter()
TRACER = TracerProvider()
TRACER.add_span_processor(SimpleSpanProcessor(EXPORTER))
OURS = auth.get_current_user_by_api_key
STOCK = OURS.__wrapped__
CHILD_SECONDS = 30
HOST_READS = 0
SWITCH = None


def count_host_reads() -> None:
    """Count how often the host's own models are asked, which a fast reader does without."""
    read = HostReader.read

    async def counted(self: HostReader, api_key: str, **rules: bool) -> Any:  # noqa: ANN401
        global HOST_READS  # noqa: PLW0603
        HOST_READS += 1
        return await read(self, api_key, **rules)

    HostReader.read = counted  # type: ignore[method-assign]


async def request_for(case: dict[str, Any]) -> Request:
    """Return a request as the host's middleware leaves it, with a working database at least.

    Without one that middleware would end the request; here the check is asked all the same.
    """
    global SWITCH  # noqa: PLW0603
    headers = [(b"authorization", b"Bearer " + case["key"].encode("latin-1"))]
    request = Request({"type": "http", "headers": headers, "path": case["path"]})
    if "enable_api_keys" in STOCK.__code__.co_names:  # That of 0.10 reads the switch.
        with suppress(DBAPIError):
            SWITCH = await Config.get("auth.enable_api_keys")
        request.state.enable_api_keys = SWITCH
    return request


async def outcome(check: Any, request: Request, case: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Return all that can be seen of a check: the user or the error, and the span."""
    with TRACER.get_tracer("test").start_as_current_span("request"):
        try:
            user = await check(request, case["key"])
            found: dict[str, Any] = {"user": repr(user), "set": sorted(user.model_fields_set)}
        except HTTPException as error:
            found = {"refused": [error.status_code, error.detail, error.headers]}
        except Exception as error:  # noqa: BLE001 (the host lets it through, and answers 500)
            found = {"raised": type(error).__name__}
    found["span"] = dict(EXPORTER.get_finished_spans()[-1].attributes or {})
    EXPORTER.clear()
    return found


async def compare(case: dict[str, Any]) -> dict[str, Any]:
    """Return what both checks make of a request, and how often the host's models were asked."""
    before = HOST_READS
    request = await request_for(case)
    ours = await outcome(OURS, request, case)
    reads = HOST_READS - before
    await come_to_rest()
    return {"ours": ours, "host_reads": reads, "stock": await outcome(STOCK, request, case)}


async def come_to_rest() -> None:
    """Wait until all that the checks have begun and not waited for has ended.

    A note of a key's last use would lock the database, or leave half its work to a child process.
    """
    await asyncio.sleep(0)  # What the event loop was told to call soon has begun now.
    while running := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(running)


async def store(case: dict[str, Any]) -> dict[str, Any]:
    """Make the database hold these users, keys and rules and nothing else."""
    async with db.async_engine.begin() as connection:
        for table in (ApiKey, User, Config):
            await connection.execute(delete(table))
        for user in case["users"]:
            born = user.get("date_of_birth")
            user["date_of_birth"] = born and dt.date.fromisoformat(born)
            await connection.execute(insert(User).values(user))
        for key in case["keys"]:
            await connection.execute(insert(ApiKey).values(key))
        for name, value in case["rules"].items():
            await connection.execute(insert(Config).values(key=name, value=value))
    Config.configure(defaults=case["defaults"], enable_persistent=case["persistent"])
    return {}


async def execute(case: dict[str, Any]) -> dict[str, Any]:
    """Run statements in the database behind the host's back."""
    async with db.async_engine.begin() as connection:
        for statement in case["statements"]:
            await connection.execute(text(statement))
    return {}


async def twice(case: dict[str, Any]) -> dict[str, Any]:
    """Say which mutable parts two requests have in common."""
    request = Request({"type": "http", "headers": [], "path": "/"})
    one, other = [await OURS(request, case["key"]) for _ in range(2)]
    mutable = [name for name in one.model_fields_set if not isinstance(getattr(one, name), str)]
    nested = {name: getattr(one, name) for name in mutable if getattr(one, name) is not None}
    shared = [name for name, value in nested.items() if mutable_is(value, getattr(other, name))]
    return {"shared": shared, "same": one is other}


def mutable_is(one: object, other: object) -> bool:
    """Whether two values are one object that can be changed, or hold one."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one is other or any(mutable_is(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return one is other or any(map(mutable_is, one, other))
    if hasattr(one, "__dict__"):
        return one is other or mutable_is(vars(one), vars(other))
    return False


async def fork(case: dict[str, Any]) -> dict[str, Any]:
    """Check in a child process, with what it has inherited, and then here again.

    The child's outcome is null if it has none after `CHILD_SECONDS`.
    """
    await compare(case)
    # The connections of the host's own pool do not survive a fork.
    request = await request_for(case)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # The child has an event loop of its own, and must not come back into its parent's. In the
        # host's pool it would wait for a thread that only its parent has, until the signal.
        signal.alarm(CHILD_SECONDS)
        try:
            os.write(writer, json.dumps(asyncio.run(outcome(OURS, request, case))).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)  # noqa: ASYNC222 (nothing else runs here)
    os.close(writer)
    with os.fdopen(reader) as answer:
        found = json.loads(answer.read() or "null")
    return {"child": found, "parent": await compare(case)}


async def fill_disk(case: dict[str, Any]) -> dict[str, Any]:
    """Compare while no file can grow or be written to, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        return await compare(case)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def longest_steps(case: dict[str, Any]) -> dict[str, Any]:
    """Return for each of many checks the longest time, in ms, that it held up the event loop."""
    request = await request_for(case)
    run = asyncio.Handle._run  # noqa: SLF001
    longest = 0.0

    def timed(handle: asyncio.Handle) -> None:
        nonlocal longest
        begin = time.perf_counter()
        run(handle)
        longest = max(longest, time.perf_counter() - begin)

    asyncio.Handle._run = timed  # type: ignore[assignment, method-assign]  # noqa: SLF001
    steps: dict[str, list[float]] = {}
    try:
        for name, check in (("stock", STOCK), ("ours", OURS)):
            steps[name] = []
            for _ in range(case["checks"]):
                longest = 0.0
                await asyncio.create_task(outcome(check, request, case))
                steps[name].append(longest * 1000)
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]  # noqa: SLF001
    return steps


async def report(_case: dict[str, Any]) -> dict[str, Any]:
    """Return what the extension says of itself."""
    return report_of(INSTALLATION)


ALL = (compare, store, execute, twice, fork, fill_disk, longest_steps, report)
COMMANDS = {command.__name__: command for command in ALL}


async def main() -> None:
    """Answer until the input ends."""
    count_host_reads()
    # Whatever else is printed goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        case = json.loads(line)
        answer = await COMMANDS[case["do"]](case)
        await come_to_rest()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    asyncio.run(main())

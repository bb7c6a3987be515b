"""Uses the package `python-socketio`, as the page of the host does."""

from __future__ import annotations

import asyncio

import socketio

from tests.deployments.clients.using.calls import CREDENTIAL, URL, FailedError, report

HELLO = {"auth": {"token": CREDENTIAL}}


async def join() -> str:
    """Open a web socket and say who one is; the host answers those it knows."""
    async with socketio.AsyncSimpleClient() as client:
        await client.connect(
            URL, auth=HELLO["auth"], transports=["websocket"], socketio_path="/ws/socket.io"
        )
        try:
            answer = await asyncio.wait_for(client.call("user-join", HELLO, timeout=30), 60)
        except socketio.exceptions.TimeoutError:
            answer = None
    if not answer:
        raise FailedError
    return str(answer["name"])


report({"user-join": lambda: asyncio.run(join())})

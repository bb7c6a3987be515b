"""Uses the package `anthropic`, which sends its key in the header `x-api-key`."""

from __future__ import annotations

import asyncio
from typing import Any

import anthropic

from tests.deployments.clients.using.calls import (
    BROKEN_OFF,
    CREDENTIAL,
    MODEL,
    PARALLEL,
    QUESTION,
    URL,
    report,
)

SETTINGS = {"base_url": f"{URL}/api", "api_key": CREDENTIAL, "max_retries": 0}


def asked(text: str = QUESTION, model: str = MODEL) -> dict[str, Any]:
    """Return a question."""
    return {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": text}]}


def stream() -> str:
    """Read a stream to its end."""
    with client.messages.stream(**asked()) as answer:
        return "".join(answer.text_stream)


async def in_parallel() -> str:
    """Ask many questions at once; each gets its own answer."""
    async with anthropic.AsyncAnthropic(**SETTINGS) as many:

        async def ask(number: int) -> bool:
            text = f"question {number}"
            answer = await many.messages.create(**asked(text))
            return bool(answer.content[0].text == text)

        return f"{sum(await asyncio.gather(*map(ask, range(PARALLEL))))} right"


async def break_off() -> str:
    """Hang up in the middle of many streams."""
    async with anthropic.AsyncAnthropic(**SETTINGS) as many:

        async def begin() -> bool:
            async with many.messages.stream(**asked(model="endless")) as answer:
                return bool(await anext(answer.text_stream))

        return f"{sum(await asyncio.gather(*(begin() for _ in range(BROKEN_OFF))))} begun"


def as_bearer() -> str:
    """Send the key in the header `Authorization`."""
    settings = SETTINGS | {"api_key": None, "auth_token": CREDENTIAL}
    return str(anthropic.Anthropic(**settings).messages.create(**asked()).content[0].text)


client = anthropic.Anthropic(**SETTINGS)
report(
    {
        "models": lambda: "echo" in [model.id for model in client.models.list()],
        "chat": lambda: client.messages.create(**asked()).content[0].text,
        "chat by `auth_token`": as_bearer,
        "stream": stream,
        f"{PARALLEL} chats at once": lambda: asyncio.run(in_parallel()),
        f"{BROKEN_OFF} streams broken off": lambda: asyncio.run(break_off()),
    },
    anthropic.APIStatusError,
)

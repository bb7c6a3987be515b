"""Uses the package `openai`."""

from __future__ import annotations

import asyncio
from typing import Any

import openai

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
    return {"model": model, "messages": [{"role": "user", "content": text}]}


def stream() -> str:
    """Read a stream to its end."""
    chunks = client.chat.completions.create(**asked(), stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def in_parallel() -> str:
    """Ask many questions at once; each gets its own answer."""
    async with openai.AsyncOpenAI(**SETTINGS) as many:

        async def ask(number: int) -> bool:
            text = f"question {number}"
            answer = await many.chat.completions.create(**asked(text))
            return bool(answer.choices[0].message.content == text)

        return f"{sum(await asyncio.gather(*map(ask, range(PARALLEL))))} right"


async def break_off() -> str:
    """Hang up in the middle of many streams."""
    async with openai.AsyncOpenAI(**SETTINGS) as many:

        async def begin() -> bool:
            question = asked(model="endless")
            async with await many.chat.completions.create(**question, stream=True) as chunks:
                async for chunk in chunks:
                    if chunk.choices and chunk.choices[0].delta.content:
                        return True
            return False

        return f"{sum(await asyncio.gather(*(begin() for _ in range(BROKEN_OFF))))} begun"


client = openai.OpenAI(**SETTINGS)
report(
    {
        "models": lambda: "echo" in [model.id for model in client.models.list()],
        "chat": lambda: client.chat.completions.create(**asked()).choices[0].message.content,
        "stream": stream,
        f"{PARALLEL} chats at once": lambda: asyncio.run(in_parallel()),
        f"{BROKEN_OFF} streams broken off": lambda: asyncio.run(break_off()),
        "embeddings": lambda: len(client.embeddings.create(model=MODEL, input="one").data),
    },
    openai.APIStatusError,
)

"""Uses the package `openwebui-client`, a client of OpenAI with more in it."""

from __future__ import annotations

import openai
from openwebui_client import OpenWebUIClient

from tests.deployments.clients.using.calls import CREDENTIAL, MODEL, QUESTION, URL, done, report

client = OpenWebUIClient(api_key=CREDENTIAL, base_url=f"{URL}/api", max_retries=0)


def chat() -> str:
    """Ask a question."""
    asked = [{"role": "user", "content": QUESTION}]
    answer = client.chat.completions.create(model=MODEL, messages=asked)
    return str(answer.choices[0].message.content)


report(
    {"models.list": lambda: done(client.models.list()), "chat": chat},
    openai.APIStatusError,
)

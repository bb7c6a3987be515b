"""Uses the package `openwebui-chat-client`."""

from __future__ import annotations

from openwebui_chat_client import OpenWebUIClient

from tests.deployments.clients.using.calls import CREDENTIAL, MODEL, QUESTION, URL, done, report

client = OpenWebUIClient(URL, CREDENTIAL, MODEL)


def note() -> str:
    """Create a note and delete it."""
    made = client.create_note("of a library")
    done(made)
    return done(client.delete_note_by_id(made["id"]))


def knowledge() -> str:
    """Create a knowledge base and delete it."""
    made = client.create_knowledge_base("of a library")
    done(made)
    return done(client.delete_knowledge_base(made["id"]))


def prompt() -> str:
    """Create a prompt and delete it."""
    done(client.create_prompt("/of-a-library", "of a library", "text"))
    return done(client.delete_prompt_by_command("/of-a-library"))


def stream() -> str:
    """Read a stream to its end."""
    text = "".join(client.stream_chat(QUESTION, "another of a library", wait_before_request=0))
    done(text or None)
    return text


def chat() -> object:
    """Ask a question."""
    answer = client.chat(QUESTION, "of a library")
    done(answer)
    return answer["response"]


report(
    {
        "list_models": lambda: done(client.list_models()),
        "list_base_models": lambda: done(client.list_base_models()),
        "list_groups": lambda: done(client.list_groups()),
        "get_users": lambda: done(client.get_users()),
        "create_folder": lambda: done(client.create_folder("of a library")),
        "create_note, delete": note,
        "create_prompt, delete": prompt,
        "create_knowledge_base, delete": knowledge,
        "chat": chat,
        "stream_chat": stream,
        "list_chats": lambda: done(client.list_chats()),
    }
)

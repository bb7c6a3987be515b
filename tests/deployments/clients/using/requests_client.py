"""Uploads a file into a knowledge base with `requests`, and downloads it again."""

from __future__ import annotations

from typing import Any

import requests

from harness.waiting import wait_until
from tests.deployments.clients.using.calls import CREDENTIAL, URL, report

CONTENT = "A line of a file.\n" * 50
session = requests.Session()
session.headers["Authorization"] = f"Bearer {CREDENTIAL}"
ids: dict[str, str] = {}


def call(method: str, path: str, **options: Any) -> requests.Response:
    """Make a call that must succeed."""
    answer = session.request(method, f"{URL}/api/v1{path}", timeout=60, **options)
    answer.raise_for_status()
    return answer


def state() -> str:
    """Return what the host is doing with the file."""
    return str(call("GET", f"/files/{ids['file']}/process/status").json()["status"])


def upload() -> str:
    """Upload a file, and wait until it is read."""
    parts = {"file": ("note.txt", CONTENT.encode(), "text/plain")}
    ids["file"] = call("POST", "/files/", files=parts).json()["id"]
    wait_until(lambda: state() in ("completed", "failed"), state)
    return state()


def add() -> str:
    """Make a knowledge base and add the file."""
    form = {"name": "notes", "description": ""}
    ids["base"] = call("POST", "/knowledge/create", json=form).json()["id"]
    added = call("POST", f"/knowledge/{ids['base']}/file/add", json={"file_id": ids["file"]})
    return f"{len(added.json()['files'])} file"


def download() -> bool:
    """Download the file."""
    return call("GET", f"/files/{ids['file']}/content").text == CONTENT


def search() -> str:
    """Ask the knowledge base."""
    form = {"collection_names": [ids["base"]], "query": "line", "k": 1}
    found = call("POST", "/retrieval/query/collection", json=form).json()
    return f"{len(found['documents'][0])} found"


def delete() -> bool:
    """Delete both."""
    call("DELETE", f"/files/{ids['file']}")
    return bool(call("DELETE", f"/knowledge/{ids['base']}/delete").json())


report(
    {
        "upload": upload,
        "add to a knowledge base": add,
        "download": download,
        "search": search,
        "delete": delete,
    },
    requests.HTTPError,
    KeyError,
)

"""Uses the package `pyopenwebui`."""

from __future__ import annotations

from pyopenwebui import APIStatusError, Pyopenwebui

from tests.deployments.clients.using.calls import CREDENTIAL, URL, done, report

client = Pyopenwebui(base_url=URL, bearer_token=CREDENTIAL, max_retries=0)
report(
    {
        "api.models.list": lambda: done(client.api.models.list()),
        "api.v1.users.get": lambda: done(client.api.v1.users.get()),
        "api.v1.groups.get": lambda: done(client.api.v1.groups.get()),
    },
    APIStatusError,
)

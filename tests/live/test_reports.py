"""What public reports about API keys describe, asked of servers with and without the bypass.

Each test is named by its report. `docs/reports.md` has all reports, and the tests elsewhere.
"""

from __future__ import annotations

from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from harness import people
from harness.client import Response, api_key_header, bearer
from tests.support.generations import RELEASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.client import Client
    from tests.support.world import Servers, World

SETTINGS = "/api/v1/users/user/settings"
NOT_ALLOWED = {"detail": "Use of API key is not enabled in the environment."}

takes_the_header = pytest.mark.skipif(
    RELEASE < (0, 9, 0), reason="the host takes a key in `x-api-key` everywhere from 0.9.0 on"
)


@pytest.fixture
def bypassing(on: Client, world: World) -> Client:
    """The server with the bypass on, while keys are off."""
    people.set_rules(on, world.first, enabled=False)
    return on


@pytest.fixture
def with_keys_on(servers: Servers, world: World) -> Iterator[Client]:
    """The host alone, while keys are on."""
    with closing(servers.stock.client()) as client:
        people.set_rules(client, world.first, enabled=True)
        yield client


def told(response: Response) -> tuple[int, Any]:
    return response.status, response.json()


@takes_the_header
def test_open_webui_23319_models_are_listed_with_the_header_of_anthropic(
    bypassing: Client, with_keys_on: Client, world: World
) -> None:
    headers = api_key_header(world.admin.keys["valid"])
    for path in ("/api/models", "/api/v1/models"):
        answer = told(bypassing.request("GET", path, headers))
        assert answer == told(with_keys_on.request("GET", path, headers))
        assert answer[0] == HTTPStatus.OK
        of_a_user = api_key_header(world.permitted.keys["valid"])
        assert told(bypassing.request("GET", path, of_a_user)) == (403, NOT_ALLOWED)


@takes_the_header
def test_open_webui_23963_the_token_of_a_gateway_hides_the_key(
    bypassing: Client, with_keys_on: Client, world: World
) -> None:
    """The host reads `Authorization` first, and no other header once it holds a bearer token."""
    key = api_key_header(world.admin.keys["valid"])
    for client in (bypassing, with_keys_on):
        assert client.request("GET", SETTINGS, key).status == 200
        assert client.request("GET", SETTINGS, key | bearer("of-a-gateway")).status == 401


def test_open_webui_9074_a_list_of_endpoints_binds_keys_and_no_sessions(
    servers: Servers, world: World
) -> None:
    for server in servers:
        with closing(server.client()) as client:
            people.set_rules(client, world.first, enabled=True, endpoints="/api/models")
            key, session = (
                client.request("GET", "/openai/models", bearer(credential)).status
                for credential in (world.permitted.keys["valid"], world.permitted.session)
            )
            assert key == 403
            assert session not in (401, 403)


def test_open_webui_13553_a_key_asks_whose_it_is(
    bypassing: Client, with_keys_on: Client, world: World
) -> None:
    key = bearer(world.admin.keys["valid"])
    for client in (bypassing, with_keys_on):
        answer = client.request("GET", "/api/v1/auths/", key)
        assert answer.status == (403 if RELEASE >= (0, 12, 0) else 200)
    assert bypassing.request("GET", "/api/v1/keygate", key).status == 200


def test_n8n_17857_a_bearer_key_reaches_the_proxy_of_ollama(
    bypassing: Client, with_keys_on: Client, world: World
) -> None:
    for path in ("/ollama/api/tags", "/ollama/config"):
        answer = told(bypassing.request("GET", path, bearer(world.admin.keys["valid"])))
        assert answer == told(with_keys_on.request("GET", path, bearer(world.admin.session)))
        assert answer[0] not in (401, 403)
        of_a_user = bearer(world.permitted.keys["valid"])
        assert told(bypassing.request("GET", path, of_a_user)) == (403, NOT_ALLOWED)


def provision(client: Client, credential: str, member: str) -> list[int]:
    """Send what the Terraform provider (2.0) sends, and return the status of each request.

    Models, prompts and knowledge bases are only read: the host would want to embed a new one.
    """
    form = {"name": "of Terraform", "description": "by whoever runs it"}
    statuses = []

    def send(method: str, path: str, body: object = None) -> Response:
        answer = client.request(method, f"/api/v1/{path}", bearer(credential), body)
        statuses.append(answer.status)
        return answer

    group = f"groups/id/{send('POST', 'groups/create', form).json().get('id')}"
    send("GET", "groups/")
    send("GET", group)
    send("POST", f"{group}/update", form)
    send("POST", f"{group}/users/add", {"user_ids": [member]})
    send("POST", f"{group}/users/remove", {"user_ids": [member]})
    send("DELETE", f"{group}/delete")
    listed = ("knowledge/list", "models/model?id=none", "prompts/", "users/")
    for path in (*listed, f"users/{member}"):
        send("GET", path)
    return statuses


def test_terraform_10_a_key_does_what_the_provider_does_with_a_session(
    bypassing: Client, with_keys_on: Client, world: World
) -> None:
    found = provision(bypassing, world.admin.keys["valid"], world.plain.id)
    assert found == provision(with_keys_on, world.admin.session, world.plain.id)
    assert found[:4] == [200] * 4
    assert min(provision(bypassing, world.permitted.keys["valid"], world.plain.id)) == 403

"""Clients that send requests without a pause while a test changes what decides about them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from harness.client import Client, bearer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PATH = "/api/v1/users/user/settings"
SECONDS = 60
REQUESTS_PER_CONNECTION = 25
"""New connections are made now and then, so that every worker of a server gets some."""


class Answer(NamedTuple):
    """One request and its answer.

    Attributes:
        key: The API key it carried.
        start: When it was sent, in seconds of the monotonic clock.
        end: When its answer was there.
        status: The status code of the answer.
    """

    key: str
    start: float
    end: float
    status: int


@dataclass
class Hammer:
    """Threads that send requests in turn with each of some keys; a context manager.

    Attributes:
        ports: Where the servers listen; each gets as many threads.
        keys: Returns the keys to send, and is asked before each round.
        threads: How many threads each server gets.
    """

    ports: Sequence[int]
    keys: Callable[[], Sequence[str]]
    threads: int = 2

    def __post_init__(self) -> None:
        """Begin with no answer."""
        self.answers: list[Answer] = []
        self._failures: list[BaseException] = []
        self._stopping = threading.Event()
        self._running = [
            threading.Thread(target=self._run, args=(port,))
            for port in self.ports
            for _ in range(self.threads)
        ]

    def __enter__(self) -> Self:
        """Start the threads."""
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the threads, and raise what stopped any of them before."""
        self._stopping.set()
        for thread in self._running:
            thread.join()
        for failure in self._failures:
            raise failure

    def wait_for_answers(self, number: int) -> None:
        """Wait until that many requests that start from now on have been answered."""
        self.wait_until(lambda answers: len(answers) >= number)

    def wait_until(self, reached: Callable[[list[Answer]], bool]) -> None:
        """Wait until something holds of the answers to requests that start from now on."""
        now, seen = time.monotonic(), len(self.answers)
        while not reached([answer for answer in self.answers[seen:] if answer.start > now]):
            assert time.monotonic() < now + SECONDS, "the servers do not answer"
            assert not self._failures, self._failures
            self._stopping.wait(0.002)

    def _run(self, port: int) -> None:
        try:
            while not self._stopping.is_set():
                client = Client(port)
                # The host's server closes a connection after an error of its own.
                for _ in range(REQUESTS_PER_CONNECTION):
                    if not all(self._send(client, key) for key in self.keys()):
                        break
                client.close()
        except BaseException as failure:  # noqa: BLE001 (it is raised where the threads are joined)
            self._failures.append(failure)

    def _send(self, client: Client, key: str) -> bool:
        start = time.monotonic()
        status = client.request("GET", PATH, bearer(key)).status
        self.answers.append(Answer(key, start, time.monotonic(), status))
        return status != 500

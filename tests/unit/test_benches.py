"""The benchmark counts no answer but the expected one, and judges in the right direction."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from benches.live import report, targets
from benches.live.load import Load, UnexpectedAnswerError, send
from benches.live.results import API_KEY, CHECK, RATE, SQLITE, Comparison, Memory, Results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Answers the right credential with `{}`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        known = self.headers["Authorization"] == "Bearer known"
        self.send_response(200 if known else 403)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("clients", [1, 3])
def test_as_many_answers_as_asked_for(port: int, clients: int) -> None:
    bodies = {"/one": "{}", "/two": "{}"}
    answered = send(Load(port, "known", bodies, clients, requests=10))
    assert answered.requests == 10
    assert set(answered.waits) == set(bodies)


def test_sending_for_a_time(port: int) -> None:
    answered = send(Load(port, "known", {"/": "{}"}, clients=2, seconds=0.2))
    assert answered.seconds == pytest.approx(0.2, abs=0.15)
    assert answered.rate == pytest.approx(answered.requests / answered.seconds)


def test_another_status_counts_for_nothing(port: int) -> None:
    with pytest.raises(UnexpectedAnswerError, match="403"):
        send(Load(port, "unknown", {"/": "{}"}, requests=1))


def test_another_body_counts_for_nothing(port: int) -> None:
    with pytest.raises(UnexpectedAnswerError, match="200"):
        send(Load(port, "known", {"/": "[]"}, requests=1))


def comparison(
    measure: str, stock: list[float], keygate: list[float], limit: list[float] | None = None
) -> Comparison:
    return Comparison(measure, SQLITE, API_KEY, 1, stock, keygate, limit=limit or [])


def test_more_requests_and_less_time_are_better() -> None:
    assert comparison(RATE, [100, 110, 90], [200, 220, 270]).ratio == pytest.approx(2)
    assert comparison(CHECK, [3.0, 2.0, 4.0], [0.1, 0.1, 0.1]).ratio == pytest.approx(30)


def test_the_share_of_the_limit() -> None:
    assert comparison(RATE, [1, 1, 1], [80, 95, 90], [100, 100, 100]).share == pytest.approx(0.9)
    assert comparison(RATE, [1], [80]).share is None


@pytest.mark.parametrize(
    ("rate", "check", "memory", "reached"),
    [
        (200, 0.1, [1.0, 2.0, 1.0, 2.5], {True}),
        (190, 0.11, [9.0, 8.0, 8.0, 9.6], {False}),
    ],
)
def test_verdicts(rate: float, check: float, memory: list[float], reached: set[bool]) -> None:
    requests = [25_000, 50_000, 75_000, 100_000]
    rates = comparison(RATE, [100], [rate], [210])
    results = Results({}, {}, [rates, comparison(CHECK, [4.5], [check])])
    results.decode_token = {"loop": {"pyjwt": 48.0, "replaced": 4.0, "ratio": rate / 200 * 6}}
    results.memory = Memory(requests, [1.0, 1.0, 1.0, 1.0], memory)
    verdicts = list(targets.judge(results))
    assert len(verdicts) == 6
    assert {verdict.reached for verdict in verdicts} == reached


def test_a_missed_target_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert targets.conclude([True, True]) == 0
    assert targets.conclude([True, False]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said == ["2 of 2 targets are reached", "1 of 2 targets are reached"]


def test_memory_over_too_few_requests_is_not_judged() -> None:
    results = Results({}, {}, memory=Memory([2_500, 5_000], [1.0, 1.0], [20.0, 40.0]))
    assert not list(targets.judge(results))


def test_equal_results_make_equal_files(tmp_path: Path) -> None:
    results = Results({"cores": "2"}, {"rounds": 1, "seconds": 1.0})
    results.comparisons = [comparison(RATE, [100], [200], [210]), comparison(CHECK, [3], [0.1])]
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        report.write(results, folder)
    for name in ("results.md", "results.json", "results.svg"):
        one, two = ((folder / name).read_bytes() for folder in folders)
        assert one == two
        assert one

"""A stand-in for kubectl and for the cluster behind it: one Secret and one pod."""

from __future__ import annotations

import base64
import json
import re
import socketserver
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.forked import Forked

STUB = """#!{python} -IS
import json, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect({address!r})
asked = {{"arguments": sys.argv[1:], "stdin": "" if sys.stdin.isatty() else sys.stdin.read()}}
connection.sendall(json.dumps(asked).encode() + b"\\n")
code, printed = json.loads(connection.makefile().readline())
sys.stdout.write(printed)
sys.exit(code)
"""
"""What the shell finds as `kubectl`: it asks the cluster, which is in the process of the test."""

GET = re.compile(r"jsonpath=\{\.data\.(\w+)\}")


@dataclass
class Cluster:
    """A Secret, and a pod in which `owui-keygate keys` runs.

    Attributes:
        forked: The commands in the pod.
        secret: The members of the Secret.
        steps: The words of each call so far, without options.
        fails: The call that fails, counted from 0, or None.
        late: Whether it fails after it has had its effect, as when the answer is lost.
    """

    forked: Forked
    secret: dict[str, str]
    steps: list[str] = field(default_factory=list)
    fails: int | None = None
    late: bool = False

    def call(self, arguments: list[str], stdin: str) -> tuple[int, str]:
        """Do what a call asks for, and return its exit code and what it prints."""
        number = len(self.steps)
        self.steps.append(arguments[0])
        if number == self.fails and not self.late:
            return 1, ""
        done = self._do(arguments, stdin)
        return (1, "") if number == self.fails else done

    def _do(self, arguments: list[str], stdin: str) -> tuple[int, str]:
        match arguments:
            case ["get", "secret", "bot-key", "-o", path] if found := GET.fullmatch(path):
                return 0, base64.b64encode(self.secret.get(found[1], "").encode()).decode()
            case ["patch", "secret", "bot-key", "--patch-file", "/dev/stdin"]:
                self.secret |= json.loads(stdin)["stringData"]
                return 0, "secret/bot-key patched\n"
            case ["exec", "-i", "open-webui-0", "--", "owui-keygate", "keys", *rest]:
                return self._run(rest, stdin)
            case ["exec", "open-webui-0", "--", "owui-keygate", "keys", *rest]:
                return self._run(rest, "")
        message = f"no such call is expected: {arguments}"
        raise AssertionError(message)

    def _run(self, arguments: list[str], stdin: str) -> tuple[int, str]:
        done = self.forked.run(*arguments, stdin=stdin)
        return done.returncode, done.stdout


@contextmanager
def kubectl(file: Path, cluster: Cluster) -> Iterator[None]:
    """Let a file be the command `kubectl` of a cluster."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked: dict[str, Any] = json.loads(self.rfile.readline())
            answer = cluster.call(asked["arguments"], asked["stdin"])
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    address = str(file.with_suffix(".socket"))
    file.write_text(STUB.format(python=sys.executable, address=address))
    file.chmod(0o755)
    with socketserver.UnixStreamServer(address, Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            file.with_suffix(".socket").unlink()

"""Runs in the host's environment: `owui-keygate keys` again and again, with the host imported once.

Each line of standard input is a JSON object of arguments and environment variables. A fork of this
process, in which nothing has run yet, becomes the command. Its exit code and what it has printed
are a line of standard output, as a JSON object.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any

from owui_keygate.commands import cli
from owui_keygate.commands.keys.loading import load
from owui_keygate.commands.keys.waiting import Patience


def become(arguments: list[str], variables: dict[str, str], streams: list[int]) -> None:
    """Run a command in this process, and end with its exit code."""
    for number, descriptor in enumerate(streams, start=1):
        os.dup2(descriptor, number)
    os.environ.update(variables)
    code: Any = 1
    try:
        cli.app(["keys", *arguments], prog_name="owui-keygate")
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def answer(line: str) -> dict[str, Any]:
    """Run the command of one line in a fork."""
    asked = json.loads(line)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = os.fork()
        if child == 0:
            become(asked["arguments"], asked["variables"], [out.fileno(), err.fileno()])
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
    return {"code": os.waitstatus_to_exitcode(status), "stdout": texts[0], "stderr": texts[1]}


if __name__ == "__main__":
    load(Patience())
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(line)) + "\n")
        sys.stdout.flush()

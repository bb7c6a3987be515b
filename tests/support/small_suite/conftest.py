"""Brings the fixtures of the suite's own `harness`."""

pytest_plugins = ["harness.instance"]

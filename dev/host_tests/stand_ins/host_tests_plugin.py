"""A plugin of pytest that lets the host's own tests be collected, and repairs them if asked to.

Two things keep them from passing on the host they come with: they import a module that is gone, and
they truncate tables that others refer to.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy

REPAIRED = os.environ["KEYGATE_REPAIRED"] == "true"


def pytest_configure() -> None:
    """Make `main` and `test` the host's, as they were where these tests were written."""
    spec = importlib.util.find_spec("open_webui")
    [host] = map(Path, spec.submodule_search_locations or ()) if spec else [Path()]
    # At the end: the host has a package `socket`.
    sys.path.append(str(host))
    # The standard library has a package `test`.
    test = ModuleType("test")
    test.__path__ = [str(host / "test")]
    sys.modules["test"] = test
    # On a server the application's module has another name, by which the extension knows it.
    sys.modules["main"] = _HoldsApp("main")
    if REPAIRED:
        sys.modules["open_webui.routers.webui"] = _HoldsApp("open_webui.routers.webui")


class _HoldsApp(ModuleType):
    """A module that held the application, which is imported only once a test asks for it."""

    def __getattr__(self, name: str) -> object:
        if name != "app":
            raise AttributeError(name)
        return importlib.import_module("open_webui.main").app


@pytest.fixture(autouse=True)
def truncate_what_refers_to_it_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have TRUNCATE follow references, so that a test can clean up after itself."""
    if not REPAIRED:
        return
    module = importlib.import_module("test.util.abstract_integration_test")

    def text(statement: str) -> sqlalchemy.TextClause:
        cascade = " CASCADE" if statement.startswith("TRUNCATE") else ""
        return sqlalchemy.text(statement + cascade)

    monkeypatch.setattr(module, "text", text)

"""The check of the imports, on packages that it must refuse."""

from __future__ import annotations

import pytest

from dev import imports

ROOT = imports.PACKAGE
FINE = {
    ROOT: {f"{ROOT}.startup"},
    f"{ROOT}.startup": {f"{ROOT}.hosts.common"},
    f"{ROOT}.hosts.common": {f"{ROOT}.hosts.generation", f"{ROOT}.panics"},
    f"{ROOT}.hosts.generation": set(),
    f"{ROOT}.panics": set(),
}


@pytest.mark.parametrize(
    ("importing", "imported", "fault"),
    [
        ("hosts.generation", "panics", None),
        ("panics", "hosts", "owui_keygate.panics imports owui_keygate.hosts, which stands above"),
        ("hosts.generation", "hosts.common", "a circle: owui_keygate.hosts."),
        ("cellar", "panics", "cellar has no place in ORDER of dev/imports.py"),
    ],
)
def test_an_import_that_leads_back_up_is_named(
    importing: str, imported: str, fault: str | None
) -> None:
    added = {f"{ROOT}.{importing}": {f"{ROOT}.{imported}"}, f"{ROOT}.hosts": set()}
    found = imports.faults({**FINE, **added})
    assert [line[: len(fault or "")] for line in found] == ([fault] if fault else [])


def test_only_arrows_that_do_not_follow_from_others_are_drawn() -> None:
    direct = {**FINE, f"{ROOT}.startup": {f"{ROOT}.hosts.common", f"{ROOT}.panics"}}
    assert imports.arrows(direct) == [("startup", "hosts"), ("hosts", "panics")]


def test_it_reads_the_package_as_it_is_and_not_as_it_is_installed() -> None:
    package = imports.PAGE.parents[1] / "python" / ROOT
    files = {file.relative_to(package.parent).with_suffix("") for file in package.rglob("*.py")}
    names = {".".join(file.parts).removesuffix(".__init__") for file in files}
    assert set(imports.find_imports()) == names

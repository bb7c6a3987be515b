"""docs/deployments.md is made of what the tests of deployments have written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dev.deployments import page, rows

if TYPE_CHECKING:
    from pathlib import Path

CASE = """
<testcase classname="tests.deployments.{module}" name="test">
  <properties>
    <property name="tried" value='["{what}", {{"nginx": "1.22"}}, "works"]'/>
    <property name="other" value="not of this page"/>
  </properties>
</testcase>
"""
CASES = {"starts.test_b": "third", "proxies.test_a": "first", "starts.test_a": "second"}


def test_rows_stand_in_the_table_of_their_part(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    cases = [CASE.format(module=module, what=what) for module, what in CASES.items()]
    report.write_text(f"<testsuite>{''.join(cases)}</testsuite>")
    found = rows(report)
    assert [row.what for row in found] == ["first", "second", "third"]
    _, starts, proxies = page(found).split("\n## ")
    assert starts.splitlines()[0] == "Ways to start"
    assert starts.splitlines()[4:6] == [
        "| second | nginx 1.22 | works |",
        "| third | nginx 1.22 | works |",
    ]
    assert proxies.splitlines()[-1] == "| first | nginx 1.22 | works |"

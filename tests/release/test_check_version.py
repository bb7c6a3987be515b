"""scripts/check-version: manifest, changelog and tag name one version."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Project:
    """A project with a manifest, a changelog and the script."""

    folder: Path

    def write(self, changelog: str) -> None:
        (self.folder / "CHANGELOG.md").write_text(changelog)

    def check(self, *tag: str) -> subprocess.CompletedProcess[str]:
        script = self.folder / "scripts" / "check-version"
        return subprocess.run([script, *tag], check=False, capture_output=True, text=True)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "check-version", tmp_path / "scripts")
    manifest = '[package]\nversion = "1.2.3"\nrust-version = "1.88"\n[dependencies]\nserde = "1"\n'
    (tmp_path / "Cargo.toml").write_text(manifest)
    return Project(tmp_path)


def section(version: str, date: str, text: str = "- It works.\n") -> str:
    return f"## [{version}] - {date}\n\n### Added\n\n{text}\n"


OLDER = section("1.2.2", "2026-01-31")
RELEASED = section("1.2.3", "2026-11-23") + OLDER
UNRELEASED = section("1.2.3", "Unreleased") + OLDER


@pytest.mark.parametrize(
    ("changelog", "tag"), [(RELEASED, []), (RELEASED, ["v1.2.3"]), (UNRELEASED, [])]
)
def test_what_agrees_is_accepted(project: Project, changelog: str, tag: list[str]) -> None:
    project.write(changelog)
    checked = project.check(*tag)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "1.2.3\n", "")


@pytest.mark.parametrize(
    ("changelog", "tag", "reason"),
    [
        (RELEASED, "v1.2.4", "The tag is v1.2.4, but Cargo.toml says 1.2.3."),
        (RELEASED, "1.2.3", "The tag is 1.2.3, but Cargo.toml says 1.2.3."),
        (RELEASED, "", "The tag is , but Cargo.toml says 1.2.3."),
        (UNRELEASED, "v1.2.3", "CHANGELOG.md says that 1.2.3 is unreleased."),
        (OLDER, "v1.2.3", "CHANGELOG.md has no section for 1.2.3."),
        (section("1x2x3", "2026-11-23"), "v1.2.3", "CHANGELOG.md has no section for 1.2.3."),
        (section("1.2.3", "today"), "v1.2.3", "CHANGELOG.md must say 'Unreleased' or a date"),
        (section("1.2.3", "2026-11-23", "") + OLDER, "v1.2.3", "CHANGELOG.md says nothing of"),
    ],
)
def test_what_disagrees_is_refused(project: Project, changelog: str, tag: str, reason: str) -> None:
    project.write(changelog)
    checked = project.check(tag)
    assert checked.returncode == 1
    assert checked.stdout == ""
    assert checked.stderr.startswith(reason)


def test_this_project_agrees_with_itself() -> None:
    assert Project(ROOT).check().returncode == 0

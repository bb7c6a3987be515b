"""`owui-keygate doctor`: what it finds, how it ends, and that it changes nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from owui_keygate._native import __version__

from harness.environments import HOST_VERSION, built_wheel, make_environment
from harness.server import BYPASS_ON
from tests.support.altered import alter_host
from tests.support.doctor import doctor, facts
from tests.support.generations import GENERATION
from tests.support.keys import without_progress

if TYPE_CHECKING:
    from pathlib import Path

    from harness.environments import Environment

CHECK = "open_webui.utils.auth.get_current_user_by_api_key"
SIGNATURE = "async def get_current_user_by_api_key(request, api_key: str"


def test_active(keygate: Environment) -> None:
    found = doctor(keygate, BYPASS_ON)
    lines = found.stdout.splitlines()
    assert found.returncode == 0
    assert lines[-1] == (
        "Active, and the bypass is on: administrators' API keys bypass Open WebUI's own rules"
    )
    assert lines[0].startswith(f"owui-keygate  {__version__} (native {__version__})")
    assert f"Open WebUI    {HOST_VERSION} (generation {GENERATION})" in lines, "listed as tried"
    assert f"  applied     {CHECK}" in lines
    assert any(line.startswith("  ENABLE_ADMIN_API_KEY_BYPASS=true: ") for line in lines)
    assert "  OWUI_KEYGATE_STRICT=false (default): Open WebUI starts in any case" in lines


@pytest.mark.parametrize(
    ("settings", "reader"),
    [
        ({}, "sqlite (the database is a SQLite file)"),
        (
            {"DATABASE_URL": "postgres://who:sk-secret@nowhere.example.org/x"},
            "postgres (the database is PostgreSQL)",
        ),
        (
            {
                "DATABASE_TYPE": "mariadb+aiomysql",
                "DATABASE_USER": "who",
                "DATABASE_PASSWORD": "sk-secret",
                "DATABASE_HOST": "nowhere.example.org",
                "DATABASE_PORT": "3306",
                "DATABASE_NAME": "x",
            },
            "host (there is no faster reader for mariadb+aiomysql)",
        ),
        (
            {"DATABASE_URL": "sk-secret"},
            "none (Open WebUI cannot read DATABASE_URL: ArgumentError)",
        ),
    ],
    ids=["default", "PostgreSQL", "MariaDB", "nonsense"],
)
def test_the_reader_is_the_one_for_the_operators_database(
    keygate: Environment, settings: dict[str, str], reader: str
) -> None:
    """It is named without a connection to that database, and without its password."""
    found = doctor(keygate, settings)
    assert found.returncode == 0
    assert f"reader        {reader}" in found.stdout.splitlines()
    assert "sk-secret" not in found.stdout + found.stderr


def test_active_and_off(keygate: Environment) -> None:
    report = facts(keygate, {})
    assert (report["exit_code"], report["settings"]["bypass"]) == (0, False)
    assert report["verdict"].startswith("Active, but the bypass is off")
    assert set(report["patch_points"].values()) <= {"applied", "not needed"}
    assert report["patch_points"]
    assert report["start_up_file"].endswith("site-packages/owui_keygate_startup.pth")


@pytest.mark.parametrize(
    ("settings", "verdict"),
    [
        (
            {"ENABLE_ADMIN_API_KEY_BYPASS": "maybe"},
            "Invalid setting: ENABLE_ADMIN_API_KEY_BYPASS is invalid: expected `true` or "
            "`false` (or unset it); the bypass stays off",
        ),
        (
            {"ENABLE_ADMIN_API_KEY_BYPASS": "maybe", "OWUI_KEYGATE_STRICT": "true"},
            "Invalid setting: ENABLE_ADMIN_API_KEY_BYPASS is invalid: expected `true` or "
            "`false` (or unset it); the bypass stays off, and Open WebUI will not start "
            "(OWUI_KEYGATE_STRICT=true)",
        ),
        (
            BYPASS_ON | {"ADMIN_API_KEY_NETWORKS": "10.0.0.0/8"},
            "Invalid setting: ADMIN_API_KEY_NETWORKS is not a setting of this version: did you "
            "mean ADMIN_API_KEY_ALLOWED_NETWORKS? Rename or unset it; the bypass stays off",
        ),
        (
            BYPASS_ON | {"OWUI_KEYGATE": "off"},
            "Not active: OWUI_KEYGATE is off",
        ),
    ],
)
def test_not_active(keygate: Environment, settings: dict[str, str], verdict: str) -> None:
    report = facts(keygate, settings)
    assert (report["exit_code"], report["verdict"]) == (1, verdict)


@pytest.mark.parametrize("name", ["ADMIN_APIKEYS_ALLOWED_ENDPOINTS", " owui_keygate_strict"])
def test_a_mistyped_name_is_found(keygate: Environment, name: str) -> None:
    report = facts(keygate, BYPASS_ON | {name: "sk-secret"})
    assert report["exit_code"] == 1
    assert "is not a setting of this version: did you mean" in report["verdict"]
    assert "sk-secret" not in json.dumps(report)


def test_a_key_in_the_wrong_variable_is_not_printed(keygate: Environment) -> None:
    key = "sk-0123456789abcdef0123456789abcdef"
    found = doctor(keygate, BYPASS_ON | {"ADMIN_API_KEY_BYPASS_USERS": f"bot@example.org, {key}"})
    assert found.returncode == 1
    assert "ADMIN_API_KEY_BYPASS_USERS is invalid at entry 2" in found.stdout
    assert key not in found.stdout + found.stderr


def test_what_kubernetes_sets_and_what_scripts_use_is_left_alone(keygate: Environment) -> None:
    others = {"OWUI_KEYGATE_SERVICE_HOST": "10.0.0.1", "OWUI_KEYGATE_PORT": "tcp://10.0.0.1:80"}
    report = facts(keygate, BYPASS_ON | others | {"ADMIN_API_KEY": "sk-secret"})
    assert (report["exit_code"], report["settings"]["problems"]) == (0, [])
    assert "sk-secret" not in json.dumps(report)


def test_without_the_start_up_file_it_is_not_active(stock: Environment, tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "venv")
    hosts_packages = {"PYTHONPATH": str(stock.site_packages)}
    environment.pip("install", "--no-deps", built_wheel())
    (environment.site_packages / "owui_keygate_startup.pth").unlink()
    report = facts(environment, BYPASS_ON | hosts_packages)
    assert report["exit_code"] == 1
    assert "Python did not read owui_keygate_startup.pth" in report["verdict"]
    assert report["start_up_file"] is None


def test_no_host(tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "venv")
    environment.pip("install", built_wheel())
    found = doctor(environment, {}, folder=tmp_path)
    assert found.returncode == 2
    assert found.stdout.splitlines()[-1].startswith("No Open WebUI found: run this command in ")


def test_a_host_that_does_not_fit(keygate: Environment, tmp_path: Path) -> None:
    altered = alter_host(
        keygate, tmp_path, "utils/auth.py", f"{SIGNATURE})", f"{SIGNATURE}, scope=None)"
    )
    report = facts(keygate, BYPASS_ON | altered)
    assert report["exit_code"] == 2
    assert report["verdict"] == (
        f"Unsupported Open WebUI: {CHECK}: expected the parameters (request, api_key), "
        "found (request, api_key, scope)"
    )
    assert report["patch_points"][CHECK] == "not applied"


def test_a_release_that_no_generation_covers(keygate: Environment, tmp_path: Path) -> None:
    altered = alter_host(
        keygate, tmp_path, "env.py", "VERSION = PACKAGE_DATA['version']", "VERSION = '0.13.0'"
    )
    report = facts(keygate, BYPASS_ON | altered)
    assert report["exit_code"] == 2
    assert report["verdict"] == (
        "Unsupported Open WebUI: expected Open WebUI 0.5.4 to before 0.13.0, found 0.13.0"
    )


def test_a_host_that_cannot_be_imported(keygate: Environment, tmp_path: Path) -> None:
    lines = "import shutil\nos.write(2, b'sk-secret')\nos._exit(7)\n"
    altered = alter_host(keygate, tmp_path, "env.py", "import shutil\n", lines)
    found = doctor(keygate, BYPASS_ON | altered)
    assert found.returncode == 1
    assert found.stdout.splitlines()[-1] == (
        "Not active: importing Open WebUI ended the process with exit code 7; start Open WebUI to "
        "see why"
    )
    assert without_progress(found).stderr == ""


def test_what_open_webui_says_when_its_import_fails_is_not_repeated(
    keygate: Environment, tmp_path: Path
) -> None:
    lines = "import shutil\nraise ValueError('DATABASE_URL=postgresql://user:sk-secret@host')\n"
    altered = alter_host(keygate, tmp_path, "env.py", "import shutil\n", lines)
    report = facts(keygate, BYPASS_ON | altered)
    assert report["exit_code"] == 1
    assert re.fullmatch(
        r"Not active: Open WebUI cannot be imported: ValueError in open_webui/env\.py, line \d+ "
        "because of DATABASE_URL; start Open WebUI to see the text of the error",
        report["verdict"],
    )
    assert "sk-secret" not in json.dumps(report)


def test_it_changes_nothing(keygate: Environment, tmp_path: Path) -> None:
    """Not the environment it runs in, and not the data its settings lead the host to."""
    database = tmp_path / "webui.db"
    operators = {
        "DATA_DIR": str(tmp_path / "data"),
        "DATABASE_URL": f"sqlite:///{database}",
        "HOME": str(tmp_path),
        "STATIC_DIR": str(tmp_path / "static"),
    }
    before = snapshot(keygate.folder)
    assert doctor(keygate, BYPASS_ON | operators, folder=tmp_path).returncode == 0
    assert snapshot(keygate.folder) == before
    assert list(tmp_path.iterdir()) == []


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of every file, but for the byte code Python keeps of what it ran."""
    return {
        str(file): (file.stat().st_size, file.stat().st_mtime_ns)
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

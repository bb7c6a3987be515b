"""`owui-keygate doctor --quick`: what it reads, how it ends, and that it imports no Open WebUI."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from harness.environments import HOST_VERSION, built_wheel, make_environment
from harness.server import BYPASS_ON
from tests.support.altered import alter_host
from tests.support.doctor import doctor, facts
from tests.support.generations import GENERATION
from tests.support.image import image_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.environments import Environment

LOADED = """
import sys
from owui_keygate.commands.doctor.quick import look
print(look().verdict)
print({name for name in sys.modules if name.partition(".")[0] == "open_webui"} or "none of it")
"""


def quick(environment: Environment, settings: dict[str, str]) -> dict[str, Any]:
    """Return what it says as JSON."""
    return facts(environment, settings, "--quick")


def test_ready(keygate: Environment, tmp_path: Path) -> None:
    found = doctor(keygate, BYPASS_ON | {"HOME": str(tmp_path)}, "--quick", folder=tmp_path)
    lines = found.stdout.splitlines()
    assert (found.returncode, found.stderr) == (0, "")
    assert lines[-1].startswith("Ready to be active, and the bypass is on; ")
    assert f"Open WebUI    {HOST_VERSION} (generation {GENERATION})" in lines, "listed as tried"
    [counted] = [line for line in lines if line.startswith("functions ")]
    fitting, of_all = re.findall(r"\d+", counted)
    assert int(fitting) == int(of_all) > 5
    assert any(line.startswith("  ENABLE_ADMIN_API_KEY_BYPASS=true: ") for line in lines)
    assert "not checked by --quick" in lines
    assert list(tmp_path.iterdir()) == []


def test_it_imports_nothing_of_open_webui(keygate: Environment) -> None:
    found = keygate.run("python", "-W", "error", "-c", LOADED, env=BYPASS_ON)
    assert found.stdout.startswith("Ready to be active, and the bypass is on"), found.stderr
    assert found.stdout.endswith("\nnone of it\n")


VERDICTS = {
    "Not active:": "Not ready:",
    "Active,": "Ready to be active,",
    ": administrators' API keys bypass Open WebUI's own rules": (
        "; owui-keygate doctor also imports Open WebUI"
    ),
}
"""What `doctor` says, and what `doctor --quick` says in its place."""


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"ENABLE_ADMIN_API_KEY_BYPASS": "maybe", "OWUI_KEYGATE_STRICT": "true"},
        BYPASS_ON | {"ADMIN_API_KEY_ALLOWED_NETWORKS": "10.0.0.0/8"},
        BYPASS_ON
        | {"ADMIN_API_KEY_ALLOWED_NETWORKS": "10.0.0.0/8", "FORWARDED_ALLOW_IPS": "127.0.0.1"},
        BYPASS_ON | {"ADMIN_API_KEY_POLICY_FILE": "/nowhere/policy.toml"},
        BYPASS_ON | {"OWUI_KEYGATE": "off"},
    ],
    ids=["off", "strict", "networks", "proxies", "no policy file", "switched off"],
)
def test_it_reads_the_settings_as_the_import_does(
    keygate: Environment, settings: dict[str, str]
) -> None:
    looked_at, imported = quick(keygate, settings), facts(keygate, settings)
    assert looked_at["settings"] == imported["settings"]
    assert looked_at["exit_code"] == imported["exit_code"]
    verdict = imported["verdict"]
    for words, quick_words in VERDICTS.items():
        verdict = verdict.replace(words, quick_words)
    assert looked_at["verdict"] == verdict


def test_a_fault_of_the_policy_file_is_found(keygate: Environment, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[account.bot]\nuser = "bot@example.org"\nmax_age = "sk-secret"\n')
    policy.chmod(0o600)
    report = quick(keygate, BYPASS_ON | {"ADMIN_API_KEY_POLICY_FILE": str(policy)})
    assert report["exit_code"] == 1
    assert report["verdict"].startswith("Invalid setting: ADMIN_API_KEY_POLICY_FILE ")
    assert "sk-secret" not in json.dumps(report)


AUTH = "open_webui.utils.auth"
KEYS = r"(?s)class (ApiKey|User)\(Base\):(?!.*class ApiKey\(Base\)).*?__tablename__ = [^\n]*\n"
MISFITS = {
    "another parameter": (
        "utils/auth.py",
        r"def decode_token\(token: str",
        r"\g<0>, scope=None",
        f"{AUTH}.decode_token: expected the parameters (token), found (token, scope)",
    ),
    "a new word": (
        "utils/auth.py",
        r"def decode_token\(token: str[^\n]*\n",
        r"\g<0>    log_sign_in()\n",
        f"{AUTH}.decode_token: expected a body it knows, found the new words log_sign_in",
    ),
    "a function that is gone": (
        "utils/auth.py",
        r"def decode_token\(",
        "def decode_tokens(",
        f"{AUTH}.decode_token: it is not there",
    ),
    "a new column of the keys": (
        "models/users.py",
        KEYS,
        r"\g<0>    api_key_scope = Column(Text)\n",
        "expected a table it knows, found the new columns api_key_scope",
    ),
    "a file that is no Python": (
        "utils/logger.py",
        r"def start_logger\(",
        "def start_logger(:",
        "open_webui.utils.logger.start_logger: its module cannot be read: SyntaxError",
    ),
    "a bypass of its own": (
        "env.py",
        r"VERSION = PACKAGE_DATA\[.version.\]\n",
        r"\g<0>ENABLE_ADMIN_API_KEY_BYPASS = False\n",
        "expected an Open WebUI without a setting ENABLE_ADMIN_API_KEY_BYPASS",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_host_that_does_not_fit(keygate: Environment, tmp_path: Path, name: str) -> None:
    file, pattern, new, reason = MISFITS[name]
    found = re.search(pattern, (keygate.site_packages / "open_webui" / file).read_text())
    assert found is not None
    altered = alter_host(keygate, tmp_path, file, found[0], found.expand(new))
    report = quick(keygate, BYPASS_ON | altered)
    assert report["exit_code"] == 2
    assert report["verdict"].startswith("Unsupported Open WebUI: ")
    assert reason in report["verdict"]


def test_without_the_start_up_file_it_is_not_ready(stock: Environment, tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "venv")
    environment.pip("install", "--no-deps", built_wheel())
    (environment.site_packages / "owui_keygate_startup.pth").unlink()
    report = quick(environment, BYPASS_ON | {"PYTHONPATH": str(stock.site_packages)})
    assert report["exit_code"] == 1
    assert report["verdict"].startswith("Not ready: Python did not read owui_keygate_startup.pth")
    assert report["start_up_file"] is None


def test_no_host(tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "venv")
    environment.pip("install", built_wheel())
    found = doctor(environment, {}, "--quick", folder=tmp_path)
    assert found.returncode == 2
    assert found.stdout.splitlines()[-1].startswith("No Open WebUI found: run this command in ")


@pytest.fixture(scope="module")
def image(keygate: Environment, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The layout of the official image, in a folder of its own."""
    return image_environment(keygate, tmp_path_factory.mktemp("image"))


@pytest.fixture
def app(image: Environment) -> Iterator[Path]:
    """The folder `/app` of the image, as it was before."""
    app = image.folder.parent / "app"
    package = app / "package.json"
    before = package.read_text()
    yield app
    package.write_text(before)
    (app / ".env").unlink(missing_ok=True)


def in_image(image: Environment, app: Path, settings: dict[str, str]) -> dict[str, Any]:
    found = doctor(image, settings, "--quick", "--json", folder=app / "backend")
    report: dict[str, Any] = json.loads(found.stdout)
    return report


@pytest.mark.parametrize("version", ["0.13.0", "0.5.3", "none at all"])
def test_a_release_that_no_generation_covers(image: Environment, app: Path, version: str) -> None:
    (app / "package.json").write_text(json.dumps({"version": version}))
    report = in_image(image, app, BYPASS_ON)
    assert report["exit_code"] == 2
    assert report["verdict"] == (
        f"Unsupported Open WebUI: expected Open WebUI 0.5.4 to before 0.13.0, found {version}"
    )


def test_an_open_webui_without_a_version(image: Environment, app: Path) -> None:
    (app / "package.json").write_text("{}")
    report = in_image(image, app, BYPASS_ON)
    assert report["exit_code"] == 2
    assert report["verdict"].endswith("found an unknown version")


def test_the_env_file_of_open_webui_counts(image: Environment, app: Path) -> None:
    """Open WebUI reads it for variables that are not set."""
    (app / ".env").write_text("ENABLE_ADMIN_API_KEY_BYPASS=true\nADMIN_API_KEY_MAX_AGE=90d\n")
    report = in_image(image, app, {})
    assert report["verdict"].startswith("Ready to be active, and the bypass is on")
    assert report["settings"]["bypass"]
    report = in_image(image, app, {"ADMIN_API_KEY_MAX_AGE": "ninety days"})
    assert report["verdict"].startswith("Invalid setting: ADMIN_API_KEY_MAX_AGE is invalid")


def test_a_file_that_is_not_there(image: Environment, app: Path) -> None:
    package = app / "backend" / "open_webui"
    (package / "config.py").rename(package / "config.py.gone")
    try:
        report = in_image(image, app, BYPASS_ON)
    finally:
        (package / "config.py.gone").rename(package / "config.py")
    assert report["exit_code"] == 1
    assert report["verdict"] == "Not ready: a file of Open WebUI cannot be read: FileNotFoundError"

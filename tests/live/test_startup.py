"""How the extension comes into a process, and how it stays out of it."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from harness.environments import HOST_VERSION, Environment, built_wheel, make_environment
from harness.server import BYPASS_ON, STRICT, Server, host_settings
from tests.support.altered import alter_host
from tests.support.image import image_environment
from tests.support.startup import BYPASS, STOCK, answers, refusal_to_start

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.support.world import World

SIGNATURE = "async def get_current_user_by_api_key(request, api_key: str)"
LOADED = "import json, sys; print(json.dumps(sorted(n for n in sys.modules if 'owui' in n)))"
FINDERS = (
    "import sys; print(sum(type(f).__module__ == 'owui_keygate.startup' for f in sys.meta_path))"
)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel and without the host."""
    environment = make_environment(tmp_path_factory.mktemp("bare") / "venv")
    environment.pip("install", built_wheel())
    return environment


def run(environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    return environment.run("python", *arguments, seconds=60)


def loaded(environment: Environment, *arguments: str) -> list[str]:
    found = run(environment, *arguments, "-c", LOADED)
    assert found.stderr == ""
    modules: list[str] = json.loads(found.stdout)
    return modules


def test_an_interpreter_without_the_host_loads_two_small_modules(bare: Environment) -> None:
    assert loaded(bare) == ["owui_keygate", "owui_keygate.startup"]


def test_an_interpreter_that_reads_no_start_up_files_loads_nothing(bare: Environment) -> None:
    assert loaded(bare, "-S") == []


def test_the_start_up_line_run_twice_installs_once(bare: Environment) -> None:
    line = (bare.site_packages / "owui_keygate_startup.pth").read_text()
    assert run(bare, "-c", f"{line}\n{line}\n{FINDERS}").stdout == "1\n"


def test_other_programs_of_the_environment_run_as_ever(bare: Environment) -> None:
    found = run(bare, "-W", "error", "-c", "import json, importlib; importlib.reload(json)")
    assert (found.returncode, found.stderr) == (0, "")


def test_install_after_the_host_says_so(bare: Environment) -> None:
    late = "import sys; sys.modules['open_webui.utils.auth'] = sys; import owui_keygate"
    assert run(bare, "-c", f"{late}; owui_keygate.install()").returncode == 0
    found = run(bare, "-c", f"{late}; sys.meta_path.pop(0); owui_keygate.install()")
    message = "RuntimeError: call owui_keygate.install() before open_webui.utils.auth is imported"
    assert found.stderr.endswith(f"{message}\n")


def test_uninstalling_leaves_no_file(tmp_path: Path) -> None:
    environment = make_environment(tmp_path / "venv")
    environment.pip("install", "typer")
    before = files(environment)
    environment.pip("install", built_wheel())
    assert loaded(environment) == ["owui_keygate", "owui_keygate.startup"]
    assert environment.run("owui-keygate", "--version").returncode == 0
    assert files(environment) > before
    environment.pip("uninstall", "owui-keygate")
    assert {f for f in files(environment) if "owui" in f} == set()
    assert files(environment) >= before
    assert loaded(environment) == []


def files(environment: Environment) -> set[str]:
    found = environment.folder.rglob("*")
    return {str(file.relative_to(environment.folder)) for file in found if file.is_file()}


def test_switched_off_it_does_nothing_at_all(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    settings = BYPASS_ON | STRICT | {"OWUI_KEYGATE": "off"}
    with Server(keygate, world.copy(tmp_path), settings) as server:
        assert answers(server, world) == STOCK
        assert "owui" not in server.log


def test_a_setting_that_is_not_understood_keeps_the_bypass_off(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    settings = {"ENABLE_ADMIN_API_KEY_BYPASS": "maybe"}
    with Server(keygate, world.copy(tmp_path), settings) as server:
        assert answers(server, world) == STOCK
        assert server.log.count("The admin API-key bypass stays off") == 1
        assert "ENABLE_ADMIN_API_KEY_BYPASS is invalid: expected `true`" in server.log
        assert "maybe" not in server.log


def test_a_limit_that_nobody_enforces_keeps_the_bypass_off(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    settings = BYPASS_ON | {"ADMIN_API_KEY_TYPO": "90d"}
    with Server(keygate, world.copy(tmp_path), settings) as server:
        assert answers(server, world) == STOCK
        [line] = [line for line in server.log.splitlines() if "bypass stays off" in line]
        assert "ADMIN_API_KEY_TYPO" in line


LOOKUP = "select(User).join(ApiKey, User.id == ApiKey.user_id).where(ApiKey.key == api_key"
PERMISSION = "async def _check_api_key_permission(request: Request, user, db: AsyncSession"
HEADER = "CUSTOM_API_KEY_HEADER ="
MISFITS = {
    "another signature": (
        "utils/auth.py",
        f"{SIGNATURE}:",
        f"{SIGNATURE[:-1]}, scope=None):",
        "open_webui.utils.auth.get_current_user_by_api_key: "
        "expected the parameters (request, api_key), found (request, api_key, scope)",
    ),
    "not async": (
        "utils/auth.py",
        f"{SIGNATURE}:",
        "def get_current_user_by_api_key(request, api_key: str):\n"
        "    return _get_current_user_by_api_key(request, api_key)\n\n\n"
        "async def _get_current_user_by_api_key(request, api_key: str):",
        "open_webui.utils.auth.get_current_user_by_api_key: "
        "expected an async function, found a function that is not async",
    ),
    "a new check": (
        "utils/auth.py",
        f"{SIGNATURE}:",
        "def is_revoked(api_key):\n    return False\n\n\n"
        f"{SIGNATURE}:\n    if is_revoked(api_key):\n        raise HTTPException(401)\n",
        "open_webui.utils.auth.get_current_user_by_api_key: "
        "expected a body it knows, found the new words is_revoked",
    ),
    "a new check in what is relied on": (
        "models/users.py",
        f"{LOOKUP})",
        f"{LOOKUP}, ApiKey.expires_at == None)",
        "open_webui.models.users.UsersTable.get_user_by_api_key: "
        "expected a body it knows, found the new words expires_at",
    ),
    "a new way for a key": (
        "utils/auth.py",
        "    if token is None:\n        raise HTTPException(status_code=401, detail='Not authent",
        "    if token is None:\n        token = request.query_params.get('api_key')\n"
        "    if token is None:\n        raise HTTPException(status_code=401, detail='Not authent",
        "open_webui.utils.auth.get_current_user: "
        "expected a body it knows, found the new words query_params",
    ),
    "a new way for a key where none is needed": (
        "utils/auth.py",
        "    if not token:\n        return None\n",
        "    token = token or request.query_params.get('api_key')\n"
        "    if not token:\n        return None\n",
        "open_webui.utils.auth.get_optional_verified_user_from_request: "
        "expected a body it knows, found the new words api_key, query_params",
    ),
    "a new way in the middleware": (
        "utils/asgi_middleware.py",
        "        request.state.token = token\n",
        "        request.state.token = token or request.query_params.get('api_key')\n",
        "open_webui.utils.asgi_middleware.AppHTTPMiddleware._set_token: "
        "expected a body it knows, found the new words api_key, query_params",
    ),
    "another kind of session": (
        "utils/auth.py",
        "'session', 'automation', 'subagent'}",
        "'session', 'automation', 'subagent', 'service'}",
        "open_webui.utils.auth.is_valid_token: "
        "expected a body it knows, found the new words service",
    ),
    "a new column of the keys": (
        "models/users.py",
        "    last_used_at = Column(BigInteger, nullable=True)\n    created_at",
        "    last_used_at = Column(BigInteger, nullable=True)\n"
        "    scopes = Column(JSON, nullable=True)\n    created_at",
        "open_webui.models.users.ApiKey: expected a table it knows, found the new columns scopes",
    ),
    "a second module": (
        "routers/auths.py",
        f"{PERMISSION}):",
        f"{PERMISSION}, other=None):",
        "open_webui.routers.auths._check_api_key_permission: "
        "expected the parameters (request, user, db), found (request, user, db, other)",
    ),
    "a bypass of its own": (
        "env.py",
        HEADER,
        f"ENABLE_ADMIN_API_KEY_BYPASS = False\n{HEADER}",
        "expected an Open WebUI without a setting ENABLE_ADMIN_API_KEY_BYPASS",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_host_that_does_not_fit_is_left_as_it_is(
    world: World, keygate: Environment, tmp_path: Path, name: str
) -> None:
    *alteration, reason = MISFITS[name]
    altered = alter_host(keygate, tmp_path / "altered", *alteration)
    data = world.copy(tmp_path / "server")
    with Server(keygate, data, BYPASS_ON | altered) as server:
        assert answers(server, world) == STOCK
        assert server.log.count("owui-keygate is inactive; Open WebUI runs unmodified") == 1
        assert reason in server.log
        assert "is active on" not in server.log


@pytest.mark.parametrize("name", ["a new check", "a second module", "a bypass of its own"])
def test_strict_mode_does_not_start_a_host_that_does_not_fit(
    keygate: Environment, tmp_path: Path, name: str
) -> None:
    *alteration, reason = MISFITS[name]
    altered = alter_host(keygate, tmp_path / "altered", *alteration)
    said = refusal_to_start(keygate, tmp_path, BYPASS_ON | STRICT | altered)
    assert "Refusing to start (OWUI_KEYGATE_STRICT=true): owui-keygate is not active" in said
    assert reason in said


def test_strict_mode_does_not_start_with_a_wrong_setting(
    keygate: Environment, tmp_path: Path
) -> None:
    settings = STRICT | {"ENABLE_ADMIN_API_KEY_BYPASS": "maybe"}
    said = refusal_to_start(keygate, tmp_path, settings)
    assert "ENABLE_ADMIN_API_KEY_BYPASS is invalid" in said


def break_native_module(environment: Environment, folder: Path) -> dict[str, str]:
    """Make a copy of the extension whose native module cannot load; return what leads there."""
    shutil.copytree(environment.site_packages / "owui_keygate", folder / "owui_keygate")
    [native] = (folder / "owui_keygate").glob("_native*.so")
    native.write_bytes(b"no library")
    return {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize("word", ["off", " False\n"])
def test_switched_off_it_does_nothing_at_all_without_its_native_module_too(
    world: World, keygate: Environment, tmp_path: Path, word: str
) -> None:
    broken = break_native_module(keygate, tmp_path / "broken")
    settings = BYPASS_ON | STRICT | {"OWUI_KEYGATE": word} | broken
    with Server(keygate, world.copy(tmp_path), settings) as server:
        assert answers(server, world) == STOCK
        assert "owui" not in server.log


@pytest.mark.parametrize("word", ["on", "offf", "", None])
def test_strict_mode_does_not_start_without_the_native_module(
    keygate: Environment, tmp_path: Path, word: str | None
) -> None:
    broken = break_native_module(keygate, tmp_path / "broken")
    switch = {} if word is None else {"OWUI_KEYGATE": word}
    said = refusal_to_start(keygate, tmp_path, BYPASS_ON | STRICT | switch | broken)
    assert (
        "Refusing to start (OWUI_KEYGATE_STRICT=true): owui-keygate is not active: ImportError: "
        in said
    )


def run_with_host(
    environment: Environment, folder: Path, settings: dict[str, str], code: str
) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that can import the real host, with data of its own."""
    env = host_settings(folder) | {"FROM_INIT_PY": "true"} | settings
    return environment.run("python", "-c", code, env=env)


def test_reverting_puts_the_hosts_own_functions_back(keygate: Environment, tmp_path: Path) -> None:
    """Apply twice, revert, apply again: in one process that imports the real host."""
    code = """
import importlib
import open_webui.utils.auth as auth, open_webui.routers.auths as auths
from owui_keygate.installation import INSTALLATION as installation

replaced = auth.get_current_user_by_api_key
host_own = replaced.__wrapped__
assert host_own.__module__ == "open_webui.utils.auth"
installation.host_module_executed(auth)
assert auth.get_current_user_by_api_key is replaced, "applied twice"
foreign = lambda: None
auths._check_api_key_permission = foreign
installation.patches.revert()
assert auth.get_current_user_by_api_key is host_own, "not reverted"
assert auths._check_api_key_permission is foreign, "somebody else's was reverted"
importlib.reload(auth)
assert auth.get_current_user_by_api_key.__wrapped__.__module__ == "open_webui.utils.auth"
assert not hasattr(auth.get_current_user_by_api_key.__wrapped__, "__wrapped__"), "wrapped twice"
print("done")
"""
    found = run_with_host(keygate, tmp_path, BYPASS_ON, code)
    assert found.stdout.endswith("done\n"), found.stderr[-3000:]


BREAKAGES = {
    "no native module": (
        "import sys; sys.modules['owui_keygate._native'] = None",
        "ModuleNotFoundError: import of owui_keygate._native halted; None in sys.modules",
    ),
    "a panic": (
        "import owui_keygate._native as native\n"
        "def panic(*_arguments): raise native.PanicException\n"
        "native.Settings = panic",
        "PanicError: the native module panicked",
    ),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_extension_leaves_the_host_as_it_is(
    keygate: Environment, tmp_path: Path, breakage: str
) -> None:
    breaking, reason = BREAKAGES[breakage]
    code = f"{breaking}\nimport open_webui.utils.auth as auth, open_webui.routers.auths as auths\n"
    code += "assert not hasattr(auth.get_current_user_by_api_key, '__wrapped__')\nprint('done')"
    found = run_with_host(keygate, tmp_path, BYPASS_ON, code)
    assert found.stdout.endswith("done\n"), found.stderr[-3000:]
    assert (
        found.stderr.count(f"owui-keygate is inactive; Open WebUI runs unmodified: {reason}") == 1
    )


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_extension_stops_the_host_in_strict_mode_however_often_it_tries(
    keygate: Environment, tmp_path: Path, breakage: str
) -> None:
    breaking, reason = BREAKAGES[breakage]
    code = f"""
{breaking}
for attempt in range(2):
    try:
        import open_webui.utils.auth
    except RuntimeError as refused:
        print(refused)
"""
    found = run_with_host(keygate, tmp_path, BYPASS_ON | STRICT, code)
    refusal = f"Refusing to start (OWUI_KEYGATE_STRICT=true): owui-keygate is not active: {reason}"
    assert found.stdout.count(refusal) == 2, found.stderr[-3000:]


REPLACED = ("utils.auth.get_current_user_by_api_key", "models.users.UsersTable.get_user_by_api_key")


@pytest.mark.parametrize("replaced", REPLACED)
@pytest.mark.parametrize("settings", [{}, STRICT], ids=["lenient", "strict"])
def test_something_else_in_its_place_is_noticed_at_the_start(
    keygate: Environment, tmp_path: Path, settings: dict[str, str], replaced: str
) -> None:
    code = f"""
import open_webui.main, open_webui.utils.auth as auth, open_webui.utils.logger as logger
from owui_keygate.installation import INSTALLATION
open_webui.{replaced} = lambda request, api_key: None
from owui_keygate.report import report
print("doctor", "not applied" not in report(INSTALLATION)["patch_points"].values())
logger.start_logger()
print("started", auth.get_current_user_by_api_key.__module__)
"""
    found = run_with_host(keygate, tmp_path, BYPASS_ON | settings, code)
    said = f"Open WebUI runs unmodified: something else has replaced open_webui.{replaced}"
    assert "doctor False" in found.stdout
    assert (found.stdout + found.stderr).count(said) == 1
    assert ("started" in found.stdout) is (not settings)


def test_it_serves_as_an_asgi_application_without_start_up_files(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    """`python -S` reads no start-up file, so the packages come by PYTHONPATH."""
    settings = BYPASS_ON | {"PYTHONPATH": str(keygate.site_packages), "FROM_INIT_PY": "true"}
    command = [str(keygate.python), "-S", "-m", "uvicorn", "owui_keygate.asgi:app"]
    command += ["--host", "127.0.0.1", "--port", "{port}"]
    with Server(keygate, world.copy(tmp_path), settings, command) as server:
        assert answers(server, world) == BYPASS


def test_two_workers(world: World, keygate: Environment, tmp_path: Path) -> None:
    settings = BYPASS_ON | {"UVICORN_WORKERS": "2"}
    with Server(keygate, world.copy(tmp_path), settings) as server:
        for _ in range(8):
            assert answers(server, world) == BYPASS


def test_the_layout_of_the_official_image(
    world: World, keygate: Environment, tmp_path: Path
) -> None:
    """There the host is a folder, /app/backend/open_webui, and no installed distribution."""
    environment = image_environment(keygate, tmp_path)
    backend = tmp_path / "app" / "backend"
    command = ["/bin/sh", "-c", f"cd {backend} && exec {environment.python} -m uvicorn"]
    command[2] += " open_webui.main:app --host 127.0.0.1 --port {port}"
    data = world.copy(tmp_path / "server")
    with Server(environment, data, BYPASS_ON, command) as server:
        assert answers(server, world) == BYPASS
        assert f"is active on Open WebUI {HOST_VERSION}" in server.log
    env = {"PATH": os.environ["PATH"]} | BYPASS_ON
    doctor = environment.run("owui-keygate", "doctor", cwd=backend, env=env)
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr

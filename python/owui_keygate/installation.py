"""What happens in a process that imports the host: settings, generation, patches, log lines."""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from owui_keygate.extension import Extension, Standing
from owui_keygate.panics import PanicError, as_errors
from owui_keygate.patching.patches import HostDoesNotFitError, Patches
from owui_keygate.settings import forwarding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    from owui_keygate._native import Settings
    from owui_keygate.hosts.generation import Generation

log = logging.getLogger("owui_keygate")

BYPASS = "ENABLE_ADMIN_API_KEY_BYPASS"
ON = frozenset({"true", "on"})
OFF = frozenset({"false", "off"})


class WrongSettingError(Exception):
    """A setting is not understood, and strict mode is on."""


class StartRefusedError(RuntimeError):
    """Strict mode is on and the extension cannot become active, so the host must not start."""


class Installation:
    """Makes the extension active in this process, or leaves the host unmodified.

    Attributes:
        settings: The settings, once the first module of the host has been executed.
        host_version: The host's version, once it is known.
        generation: The generation of the host, once it is known.
        extension: What the replacements work with, once the host is known to be supported.
        patches: The patch points that are applied.
        failure: Why the extension is inactive, if it is.
        host_fits: False if the host is the reason.
    """

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.host_version: str | None = None
        self.generation: Generation | None = None
        self.extension: Extension | None = None
        self.patches = Patches()
        self.failure: str | None = None
        self.host_fits = True
        self._standing = Standing()

    def host_module_executed(self, module: ModuleType) -> None:
        """Apply the patch points of a module of the host that has just been executed.

        Raises:
            StartRefusedError: Strict mode is on, and the extension cannot become active or a
                setting is wrong.
        """
        if self.failure is None:
            try:
                self._take_place(module)
            except HostDoesNotFitError as error:
                self.host_fits = False
                self._stand_down(str(error))
            except WrongSettingError as error:
                self._stand_down(str(error))
            except Exception as error:  # noqa: BLE001 (the host must run, whatever it was)
                if self.settings is None and environment_says("OWUI_KEYGATE", OFF):
                    return
                self._stand_down(f"{type(error).__name__}: {error}")
        self._refuse_if_strict()
        if self.generation is not None and self.generation.announced_by == module.__name__:
            self.announce()

    def announce(self) -> None:
        """Log that the extension is active, and how.

        Raises:
            StartRefusedError: Strict mode is on, and something has replaced our functions since.
        """
        if self.generation is None or self.extension is None or self.failure is not None:
            return
        changed = [name for p in self.generation.patch_points for name in self.patches.changed(p)]
        if changed:
            self._stand_down(f"something else has replaced {', '.join(changed)}")
            self._refuse_if_strict()
            return
        try:
            with as_errors():
                _begin(self.extension, self.generation)
        except PanicError as error:
            self._stand_down(str(error))
            self._refuse_if_strict()

    def _take_place(self, module: ModuleType) -> None:
        with as_errors():
            settings = self._read_settings()
            if not settings.enabled:
                return
            if self.generation is None:
                self.generation = self._choose_generation()
                _report_problems(settings)
            extension = self.extension or self._extend(settings, self.generation)
            for point in self.generation.patch_points:
                if point.module == module.__name__:
                    self.patches.apply(point, module, extension)

    def _read_settings(self) -> Settings:
        """Read the settings once; later changes of the environment have no effect."""
        if self.settings is None:
            self.settings = read_settings(sys.argv, os.environ, self._find_version())
        return self.settings

    def _extend(self, settings: Settings, generation: Generation) -> Extension:
        from owui_keygate._native import Policy
        from owui_keygate.audit import AuditLog

        env = _env()
        self.extension = Extension(
            host_version=self._find_version(),
            generation=generation.name,
            settings=settings,
            policy=Policy(settings),
            audit=AuditLog(settings, as_json=getattr(env, "LOG_FORMAT", "") == "json"),
            reader=generation.reader_for(str(env.DATABASE_URL)),
            standing=self._standing,
            announce=self.announce,
        )
        return self.extension

    def _choose_generation(self) -> Generation:
        return choose_generation(self._find_version(), Path(_env().__file__ or "").parent)

    def _find_version(self) -> str:
        self.host_version = str(_env().VERSION)
        return self.host_version

    def _stand_down(self, reason: str) -> None:
        # A replacement that cannot be taken out passes every call on from now on.
        self.failure = reason
        self._standing.in_force = False
        self.patches.revert()
        log.error("owui-keygate is inactive; Open WebUI runs unmodified: %s", reason)

    def _refuse_if_strict(self) -> None:
        if self.failure is not None and self._is_strict():
            message = (
                "Refusing to start (OWUI_KEYGATE_STRICT=true): owui-keygate is not active: "
                f"{self.failure}"
            )
            raise StartRefusedError(message)

    def _is_strict(self) -> bool:
        if self.settings is not None:
            with suppress(PanicError), as_errors():
                return self.settings.strict
        return environment_says("OWUI_KEYGATE_STRICT", ON)


def read_settings(command: Sequence[str], environment: Mapping[str, str], version: str) -> Settings:
    """Return the settings of a server.

    Args:
        command: Its command line.
        environment: Its environment variables.
        version: The host's version.
    """
    from owui_keygate import hosts
    from owui_keygate._native import Settings
    from owui_keygate.settings.presets import presets_of

    release = hosts.release_of(version)
    proxies = forwarding.believed_proxies(command, environment, release)
    return Settings({**environment, forwarding.VARIABLE: proxies}, presets_of(release))


def choose_generation(version: str, package: Path) -> Generation:
    """Return the generation of the host.

    Args:
        version: Its version.
        package: The folder of its package.

    Raises:
        HostDoesNotFitError: No generation covers it, or it has a bypass of its own.
        OSError: Its package cannot be read.
    """
    from owui_keygate import hosts

    if _has_own_bypass(package):
        message = (
            f"expected an Open WebUI without a setting {BYPASS}, found one in Open WebUI "
            f"{version}: uninstall owui-keygate and use Open WebUI's own"
        )
        raise HostDoesNotFitError(message)
    return hosts.choose(version)


def _begin(extension: Extension, generation: Generation) -> None:
    from owui_keygate._native import __version__

    if generation.announced_by:
        # These hosts give each of their loggers a level; their root shows warnings only.
        log.setLevel(_env().SRC_LOG_LEVELS["MAIN"])
    bypass = extension.settings.bypass
    log.info(
        "owui-keygate %s is active on Open WebUI %s (generation %s), %s, the bypass is %s",
        __version__,
        extension.host_version,
        extension.generation,
        extension.reader,
        "on" if bypass else "off",
    )
    if bypass:
        _begin_bypass(extension)


def _begin_bypass(extension: Extension) -> None:
    from owui_keygate.recording import telemetry
    from owui_keygate.settings import escape_routes

    atexit.register(extension.audit.flush)
    telemetry.export_metrics(extension.audit)
    for warning in escape_routes.look(extension.policy).warnings:
        log.warning("%s", warning)


def _report_problems(settings: Settings) -> None:
    problems = "; ".join(settings.problems)
    if problems and settings.strict:
        raise WrongSettingError(problems)
    if problems:
        log.error("The admin API-key bypass stays off: %s", problems)


def _env() -> Any:  # noqa: ANN401
    return importlib.import_module("open_webui.env")


def environment_says(variable: str, words: frozenset[str]) -> bool:
    """Whether a switch is set to one of these words, as `src/settings.rs` reads it.

    Both switches must work without the native module, too.
    """
    return os.environ.get(variable, "").strip().lower() in words


def _has_own_bypass(package: Path) -> bool:
    return any(
        BYPASS in (package / name).read_text(encoding="utf-8") for name in ("config.py", "env.py")
    )


INSTALLATION = Installation()

"""What happens in a process that imports the host: settings, generation, patches, log lines."""

from __future__ import annotations

import atexit
import importlib
import json
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from owui_keygate.panics import PanicError, as_errors
from owui_keygate.patching.patches import HostDoesNotFitError, Patches
from owui_keygate.recording import telemetry
from owui_keygate.settings import escape_routes, forwarding

if TYPE_CHECKING:
    from types import ModuleType

    from owui_keygate._native import Policy, Settings
    from owui_keygate.hosts.generation import Generation
    from owui_keygate.readers.choice import Choice
    from owui_keygate.recording.audit import Trail

log = logging.getLogger("owui_keygate")

BYPASS = "ENABLE_ADMIN_API_KEY_BYPASS"
ON = frozenset({"true", "on"})
OFF = frozenset({"false", "off"})


class WrongSettingError(Exception):
    """A setting is not understood, and the operator wants to be strict about it."""


class StartRefusedError(RuntimeError):
    """The extension is strict and cannot do what the operator asked, so the host must not start."""


class Installation:
    """The extension in this process.

    Attributes:
        settings: The settings, once the first module of the host has been executed.
        host_version: The host's version, once it is known.
        generation: The generation of the host, once it is known.
        failure: Why the extension has left the host as it is, if it has.
        host_fits: False where the reason for that is the host.
        policy: The decision; to be asked for only by replacements.
        trail: Where decisions are noted; to be asked for only by replacements.
        reader: How the database is read, once the check has been replaced.
    """

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.host_version: str | None = None
        self.generation: Generation | None = None
        self.failure: str | None = None
        self.host_fits = True
        self.policy: Policy
        self.trail: Trail
        self.reader: Choice | None = None
        self._patches = Patches()

    def host_module_executed(self, module: ModuleType) -> None:
        """Apply the patch points of a module of the host that has just been executed.

        Raises:
            StartRefusedError: In strict mode, where the extension cannot take its place or a
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
            except Exception as error:  # noqa: BLE001 (whatever it is, leave the host whole)
                if self.settings is None and environment_says("OWUI_KEYGATE", OFF):
                    return
                self._stand_down(f"{type(error).__name__}: {error}")
        self._refuse_if_strict()
        if self.generation is not None and self.generation.announced_by == module.__name__:
            self.announce()

    def announce(self) -> None:
        """Log that the extension is in place, and how.

        Raises:
            StartRefusedError: In strict mode, where something else has taken its place since.
        """
        if self.generation is None or self.settings is None or self.failure is not None:
            return
        changed = [name for p in self.generation.patch_points for name in self._patches.changed(p)]
        if changed:
            self._stand_down(f"something else has replaced {', '.join(changed)}")
            self._refuse_if_strict()
            return
        try:
            with as_errors():
                self._begin(self.generation, self.settings)
        except PanicError as error:
            self._stand_down(str(error))
            self._refuse_if_strict()

    def _begin(self, generation: Generation, settings: Settings) -> None:
        from owui_keygate._native import __version__

        if generation.announced_by:
            # These hosts give each of their loggers a level; their root shows warnings only.
            log.setLevel(_env().SRC_LOG_LEVELS["MAIN"])
        log.info(
            "owui-keygate %s is in place on Open WebUI %s (generation %s), %s, the bypass is %s",
            __version__,
            self.host_version,
            generation.name,
            self.reader,
            "on" if settings.bypass else "off",
        )
        if settings.bypass:
            self._begin_trail()

    def _begin_trail(self) -> None:
        self.trail.as_json = getattr(_env(), "LOG_FORMAT", "") == "json"
        atexit.register(self.trail.flush)
        telemetry.export_counts(self.trail)
        for warning in self._expose()["warnings"]:
            log.warning("%s", warning)

    def status(self) -> dict[str, Any]:
        """Return what an administrator may know, for the status route."""
        from owui_keygate._native import __version__
        from owui_keygate.settings import trusted_proxies

        report = self.report()
        return {
            "version": __version__,
            "host_version": self.host_version,
            "generation": report["generation"],
            "reader": str(self.reader),
            "settings": report["settings"]["report"],
            "decisions": self.trail.counts(),
            "warnings": [*report["warnings"], *trusted_proxies.warnings(self.policy)],
        }

    def report(self) -> dict[str, Any]:
        """Return the state of everything, for `owui-keygate doctor`."""
        points = self.generation.patch_points if self.generation else ()
        return {
            "host_version": self.host_version,
            "generation": self.generation.name if self.generation else None,
            "tried": self.host_version in self.generation.tried if self.generation else False,
            "host_fits": self.host_fits,
            "failure": self.failure,
            "reader": self.reader and self.reader._asdict(),
            "patch_points": {str(point): not self._patches.changed(point) for point in points},
            "settings": json.loads(self.settings.to_json()) if self.settings else None,
            **self._expose(),
        }

    def _expose(self) -> dict[str, Any]:
        """Return what the allowed endpoints reach, in full and as warnings, for the report.

        Where that cannot be found out, the warning says so: it is worth less than the host.
        """
        if self.settings is None:
            return {"exposure": {}, "warnings": []}
        try:
            with as_errors():
                found = escape_routes.find(self.policy)
        except Exception as error:  # noqa: BLE001 (whatever it is, leave the host whole)
            log.error("What the allowed endpoints reach is not known: %s", error)  # noqa: TRY400
            warning = "What ADMIN_API_KEY_ALLOWED_ENDPOINTS reaches is not known, see the log"
            return {"exposure": None, "warnings": [warning]}
        return {"exposure": found, "warnings": escape_routes.warnings(found)}

    def _take_place(self, module: ModuleType) -> None:
        with as_errors():
            settings = self._read_settings()
            if not settings.enabled:
                return
            if self.generation is None:
                self.generation = self._choose_generation()
                self._report_problems(settings)
            for point in self.generation.patch_points:
                if point.module == module.__name__:
                    self._patches.apply(point, module, self)

    def _read_settings(self) -> Settings:
        """Read them once: what changes later in the environment is not looked at."""
        from owui_keygate import hosts
        from owui_keygate._native import Policy, Settings
        from owui_keygate.recording.audit import Trail

        if self.settings is None:
            proxies = forwarding.believed_proxies(
                sys.argv, os.environ, hosts.release_of(self._find_version())
            )
            settings = Settings({**os.environ, forwarding.VARIABLE: proxies})
            self.policy = Policy(settings)
            self.trail = Trail(settings)
            self.settings = settings
        return self.settings

    @staticmethod
    def _report_problems(settings: Settings) -> None:
        problems = "; ".join(settings.problems)
        if problems and settings.strict:
            raise WrongSettingError(problems)
        if problems:
            log.error("The admin API-key bypass stays off: %s", problems)

    def _choose_generation(self) -> Generation:
        from owui_keygate import hosts

        version = self._find_version()
        if _has_own_bypass(Path(_env().__file__ or "").parent):
            message = (
                f"expected a host without a setting {BYPASS}, found one in Open WebUI "
                f"{version}: uninstall owui-keygate and use the host's own"
            )
            raise HostDoesNotFitError(message)
        return hosts.choose(version)

    def _find_version(self) -> str:
        self.host_version = str(_env().VERSION)
        return self.host_version

    def _stand_down(self, reason: str) -> None:
        # From here on whatever cannot be taken out passes on.
        self.failure = reason
        self._patches.revert()
        log.error("owui-keygate has left Open WebUI as it is: %s", reason)

    def _refuse_if_strict(self) -> None:
        if self.failure is not None and self._is_strict():
            message = f"OWUI_KEYGATE_STRICT is true, owui-keygate not in place: {self.failure}"
            raise StartRefusedError(message)

    def _is_strict(self) -> bool:
        if self.settings is not None:
            with suppress(PanicError), as_errors():
                return self.settings.strict
        return environment_says("OWUI_KEYGATE_STRICT", ON)


def _env() -> Any:  # noqa: ANN401
    return importlib.import_module("open_webui.env")


def environment_says(variable: str, words: frozenset[str]) -> bool:
    """Whether a switch is set to one of these words, as `src/settings.rs` reads it.

    Without the native module nothing else can tell, and both switches must hold then as well.
    """
    return os.environ.get(variable, "").strip().lower() in words


def _has_own_bypass(package: Path) -> bool:
    return any(
        BYPASS in (package / name).read_text(encoding="utf-8") for name in ("config.py", "env.py")
    )


INSTALLATION = Installation()

"""Images that stand in for those of the registries, made from Debian, PyPI and this machine's Rust.

They are kept in a storage of their own, under names that change with what is in them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.environments import HOST_PYTHON, HOST_VERSION, ROOT, say, uv

if TYPE_CHECKING:
    from harness.buildah import Buildah

FOLDER = Path(__file__).parent
SUITE = "bookworm"
CERTIFICATES = {Path("/etc/ssl/certs"): "/etc/ssl/certs:ro"}
PACKAGES = (
    # What the official image has and uses, and the libraries that CPython is linked with.
    *("bash", "ca-certificates", "curl", "jq", "openssl"),
    *("libbz2-1.0", "libexpat1", "libffi8", "liblzma5", "libncursesw6", "libreadline8"),
    *("libsqlite3-0", "libssl3", "libuuid1", "zlib1g"),
)
PIP = """#!/usr/local/bin/python3
import sys

from pip._internal.cli.main import main

sys.exit(main())
"""
LAYOUT = """
import json, sys, sysconfig
print(json.dumps({
    "version": sysconfig.get_python_version(),
    "full": sys.version,
    "binary": sysconfig.get_path("scripts") + "/python" + sysconfig.get_python_version(),
    "library": sysconfig.get_config_var("LIBDIR"),
    "standard": sysconfig.get_path("stdlib"),
}))
"""


@dataclass(frozen=True)
class Python:
    """Where an interpreter is installed that was built from source, as that of the image was.

    Attributes:
        version: As in `3.11`.
        full: All that it says about itself.
        binary: The interpreter.
        library: The folder of `libpython`, if it is a shared one.
        standard: The standard library.
    """

    version: str
    full: str
    binary: Path
    library: Path
    standard: Path

    @classmethod
    def of(cls, command: str) -> Python:
        """Return that of a command.

        Raises:
            RuntimeError: Debian has built it, so it looks for packages elsewhere.
        """
        prefix = "import sys; print(sys.base_prefix)"
        base = subprocess.check_output([command, "-I", "-c", prefix], text=True).strip()
        if base == "/usr":
            message = f"{command} is Debian's: name one that was built from source, HOST_PYTHON=…"
            raise RuntimeError(message)
        binary = Path(base, "bin", "python3")
        layout = json.loads(subprocess.check_output([binary, "-I", "-c", LAYOUT], text=True))
        paths = {name: Path(layout[name]) for name in ("binary", "library", "standard")}
        return cls(layout["version"], layout["full"], **paths)

    def copy(self, prefix: Path) -> Path:
        """Copy it below a prefix, without packages, and return the folder of those."""
        binaries, libraries = prefix / "bin", prefix / "lib"
        left_out = shutil.ignore_patterns(
            "site-packages", "test", "config-*", "idlelib", "ensurepip"
        )
        standard = libraries / f"python{self.version}"
        shutil.copytree(self.standard, standard, ignore=left_out, symlinks=True)
        binaries.mkdir()
        shutil.copy2(self.binary, binaries)
        for name in ("python3", "python"):
            (binaries / name).symlink_to(self.binary.name)
        for library in self.library.glob("libpython*.so*"):
            shutil.copy2(library, libraries, follow_symlinks=False)
        return standard / "site-packages"


class StandIns:
    """The images.

    Args:
        buildah: Where they are kept.
    """

    def __init__(self, buildah: Buildah) -> None:
        self._buildah = buildah

    def debian(self) -> str:
        """Return the name of a Debian with what the others need."""
        image = _name("debian", FOLDER / "debian.Dockerfile", text=f"{SUITE} {PACKAGES}")
        if not self._buildah.has(image):
            say(f"Making a Debian ({SUITE}) for the images ...")
            with tempfile.TemporaryDirectory(prefix="keygate-debian-") as folder:
                archive = Path(folder, "debian.tar")
                _bootstrap(archive)
                self._buildah.build(image, Path(folder), FOLDER / "debian.Dockerfile")
        return image

    def rust(self) -> str:
        """Return the name of an image with a C compiler; `rust_volumes` has the toolchain."""
        dockerfile = FOLDER / "rust.Dockerfile"
        debian = self.debian()
        image = _name("rust", dockerfile, text=debian)
        if not self._buildah.has(image):
            say("Making the image that the wheel is built in ...")
            with tempfile.TemporaryDirectory(prefix="keygate-rust-") as folder:
                arguments = {"DEBIAN": debian}
                self._buildah.build(image, Path(folder), dockerfile, arguments=arguments)
        return image

    def open_webui(self, version: str = HOST_VERSION, python: str = HOST_PYTHON) -> str:
        """Return the name of an image that is laid out as the official one.

        Args:
            version: The release of the host.
            python: The interpreter, as a command.
        """
        dockerfile = FOLDER / "open_webui.Dockerfile"
        requirements = ROOT / "harness" / "hosts" / f"{version}.txt"
        interpreter = Python.of(python)
        files = (dockerfile, Path(__file__), FOLDER / "start.sh", requirements)
        debian = self.debian()
        image = _name(f"open-webui-{version}", *files, text=f"{debian} {interpreter}")
        if not self._buildah.has(image):
            say(f"Making an image of Open WebUI {version} on Python {interpreter.version} ...")
            with tempfile.TemporaryDirectory(prefix="keygate-open-webui-") as folder:
                context = Path(folder)
                _lay_out(context, version, requirements, interpreter)
                self._buildah.build(image, context, dockerfile, arguments={"DEBIAN": debian})
        return image

    def variant(self, base: str, **arguments: str) -> str:
        """Return the name of what other arguments of the official Dockerfile make of an image.

        Args:
            base: The image.
            arguments: `UID`, `GID`, `USE_PERMISSION_HARDENING`, and `WITH_PIP` of our own.
        """
        dockerfile = FOLDER / "variant.Dockerfile"
        image = _name("variant", dockerfile, text=f"{base} {sorted(arguments.items())}")
        if not self._buildah.has(image):
            with tempfile.TemporaryDirectory(prefix="keygate-variant-") as folder:
                everything = {"BASE": base, **arguments}
                self._buildah.build(image, Path(folder), dockerfile, arguments=everything)
        return image


def rust_volumes() -> dict[Path, str]:
    """Return what a build of the wheel gets of this machine: Rust, and crates it has already."""
    asking = ["/usr/bin/env", "rustc", "--print", "sysroot"]
    root = subprocess.check_output(asking, text=True, cwd=ROOT)
    crates = Path.home() / ".cargo" / "registry"
    crates.mkdir(parents=True, exist_ok=True)
    toolchain = {Path(root.strip()): "/usr/local/rust:ro", crates: "/usr/local/cargo/registry"}
    return toolchain | CERTIFICATES


def _bootstrap(archive: Path) -> None:
    """Write a Debian into an archive."""
    options = ("--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}")
    subprocess.run(["/usr/bin/mmdebstrap", *options, SUITE, archive], check=True)


def _lay_out(context: Path, version: str, requirements: Path, python: Python) -> None:
    """Write what the image gets: the interpreter with its packages, and the host as a folder."""
    prefix, backend = context / "python", context / "app" / "backend"
    packages = python.copy(prefix)
    _install(packages, python, "--requirement", requirements, "pip")
    shutil.rmtree(packages / "bin")
    pip = prefix / "bin" / "pip"
    pip.write_text(PIP)
    pip.chmod(0o755)
    wheel = context / "wheel"
    _install(wheel, python, "--no-deps", f"open-webui=={version}")
    shutil.copytree(wheel / "open_webui", backend / "open_webui")
    shutil.rmtree(wheel)
    (backend / "open_webui" / "frontend").rename(backend.parent / "build")
    (backend / "open_webui" / "CHANGELOG.md").rename(backend.parent / "CHANGELOG.md")
    (backend.parent / "package.json").write_text(json.dumps({"version": version}))
    shutil.copy(FOLDER / "start.sh", backend)


def _install(target: Path, python: Python, *what: str | Path) -> None:
    options = ("--quiet", "--compile-bytecode", "--python", python.binary, "--target", target)
    subprocess.run([uv(), "pip", "install", *options, *what], check=True)


def _name(image: str, *files: Path, text: str) -> str:
    """Return the name of an image, which changes with what it is made of."""
    digest = hashlib.sha256(text.encode())
    for file in files:
        digest.update(file.read_bytes())
    return f"localhost/keygate-{image}:{digest.hexdigest()[:12]}"

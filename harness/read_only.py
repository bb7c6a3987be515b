"""A container whose root cannot be written to."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from harness.buildah import Container


@dataclass(frozen=True)
class ReadOnly(Container):
    """A container as after `docker run --read-only --tmpfs /tmp`, which buildah itself cannot make.

    Each command has a /tmp of its own. The user is root.
    """

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs a command in it, in mounts of its own."""
        root = self.buildah.call("mount", self.name).strip()
        image = self.buildah.configuration(self.name, "container")
        given = [f"{name}={value}" for name, value in self.settings.items()]
        steps = [f"mount --bind {root} {root}"]
        steps += [f"mount --rbind {folder} {root}{folder}" for folder in ("/dev", "/proc", "/sys")]
        for source, mounted in self.volumes.items():
            target = root + mounted.removesuffix(":ro")
            steps += [f"mkdir -p $(dirname {target})"]
            steps += [f"mkdir -p {target}" if source.is_dir() else f"touch {target}"]
            steps += [f"mount --bind {shlex.quote(str(source))} {target}"]
        steps += [f"mount -t tmpfs tmpfs {Path(root, 'tmp')}", f"mount -o remount,bind,ro {root}"]
        inside = f'cd {image["WorkingDir"]} && exec "$@"'
        steps += [f'exec /usr/sbin/chroot {root} /usr/bin/env -i "$@"']
        script = "\n".join(steps)
        mounts = ["/usr/bin/unshare", "--mount", "/bin/sh", "-euc", script, "sh"]
        return [*mounts, *image["Env"], *given, "sh", "-c", inside, "sh", *arguments]

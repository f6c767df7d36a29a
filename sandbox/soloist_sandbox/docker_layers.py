"""What Soloist lays over an image of somebody else: /opt/soloist, a user for jobs, and no setuid bits.

`/opt/soloist/python3` starts the Python of the broker and of pytest: the image's own where it has one that will do, else this
machine's. `/opt/soloist/environment.json` holds the image's environment, for commands.
"""

import io
import json
import os
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Event
from typing import TYPE_CHECKING, Any

from soloist_sandbox import docker_probe, rootfs_store
from soloist_sandbox.docker_probe import Inside
from soloist_sandbox.image_spec import ImageSpec, shown
from soloist_sandbox.machine import private_python
from soloist_sandbox.machine.installer import Target
from soloist_sandbox.machine.python import VERSION, import_path, launcher
from soloist_sandbox.machine.rootfs import furnish

if TYPE_CHECKING:
    from collections.abc import Callable

    from docker import DockerClient

USER = "10001:10001"
NAME, ORIGIN = "soloist.image", "soloist.origin"
"""Labels of our images."""
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/tmp"}  # noqa: S108 - the container's own

_DOCKERFILE = """
FROM {base}
USER 0:0
COPY opt/soloist /opt/soloist
RUN ["/bin/sh", "-e", "/opt/soloist/settle.sh"]
ENV LANG=C.UTF-8 HOME=/tmp
WORKDIR /workspace
USER {user}
ENTRYPOINT []
CMD []
"""
_SETTLE = r"""
python=/opt/soloist/python3
export PATH="$PATH:/usr/local/bin:/usr/bin:/bin" HOME=/tmp
mkdir -p /usr/local/bin /workspace
for name in python3 python; do
    command -v $name >/dev/null 2>&1 || ln -sf $python /usr/local/bin/$name
done
for file in /opt/soloist/bin/*; do
    [ -e "/usr/local/bin/${file##*/}" ] || ln -sf "$file" /usr/local/bin/
done
touch /etc/passwd /etc/group
case "$(cat /etc/passwd)" in *:10001:*) ;; *) echo sandbox:x:10001:10001:sandbox:/tmp:/bin/sh >> /etc/passwd;; esac
case "$(cat /etc/group)" in *:10001:*) ;; *) echo sandbox:x:10001: >> /etc/group;; esac
$python -c "import os, site; folder = site.getsitepackages()[0]; os.makedirs(folder, exist_ok=True)
open(folder + '/soloist.pth', 'w').write(open('/opt/soloist/soloist.pth').read())"
$python -m compileall -q -q --invalidation-mode unchecked-hash /opt/soloist/site /opt/soloist/*.py || true
$python -W ignore -c "import pytest, coverage"
$python -c "import os, stat
for folder, _, names in os.walk('/'):
    if folder == '/': _[:] = [name for name in _ if name not in ('proc', 'sys', 'dev')]
    for name in names:
        mode = os.lstat(path := os.path.join(folder, name)).st_mode
        if stat.S_ISREG(mode) and mode & 0o6000: os.chmod(path, stat.S_IMODE(mode) & ~0o6000)"
"""


def lay_over(client: "DockerClient", base: str, spec: ImageSpec, say: "Callable[[str], None]", stop: Event) -> None:
    """Build the image of a specification on `base`, which Docker has. No network is needed for it.

    Raises `SandboxUnavailable` and what the SDK raises.
    """
    inside = docker_probe.look(client, base)
    with TemporaryDirectory() as draft, TemporaryFile() as context:
        home = Path(draft) / "opt/soloist"
        _fill(home, inside, spec, say, stop)
        _write_context(context, base, home)
        run_build(client, context, spec.tag, {NAME: spec.name, ORIGIN: shown(base)}, stop, what=f"building on {shown(base)}")


def run_build(client: "DockerClient", context: Any, tag: str, labels: dict[str, str], stop: Event, *, what: str) -> None:
    """Have Docker build a context without a network. Raises `DockerException` with the last lines that were said."""
    from docker.errors import DockerException

    options: dict[str, Any] = {"custom_context": True, "network_mode": "none", "rm": True, "forcerm": True, "decode": True}
    said: list[str] = []
    for event in client.api.build(fileobj=context, tag=tag, labels=labels, **options):
        if stop.is_set():
            raise InterruptedError  # closing the stream ends the build
        if "error" in event:
            raise DockerException(f"{what}: {' '.join(said)[-300:]} {event['error']}")
        if line := event.get("stream", "").strip():
            said = [] if line.startswith("Step ") else [*said, line]


def _fill(home: Path, inside: Inside, spec: ImageSpec, say: "Callable[[str], None]", stop: Event) -> None:
    """What will be /opt/soloist."""
    target = Target(inside.version, inside.musl) if inside.python else None
    furnish(home, spec, target, stop)
    if inside.python:
        launcher(home / "python3", inside.python)
    else:
        private_python.install(rootfs_store.plain(spec, stop), home / "private")
        launcher(home / "python3", private_python.PYTHON)
        theirs = f"its Python is {inside.version[0]}.{inside.version[1]}" if inside.version > (0, 0) else "it has no Python"
        say(f"{theirs}: pytest runs on this machine's {VERSION}, laid into the image; commands see the image as it is")
    (home / "soloist.pth").write_text(import_path(spec.own))
    (home / "settle.sh").write_text(_SETTLE)
    kept = {name: value for name, value in inside.environment.items() if name not in ("HOME", "LANG")}
    (home / "environment.json").write_text(json.dumps({"PATH": ENVIRONMENT["PATH"], **kept}))


def _write_context(context: Any, base: str, home: Path) -> None:
    text = _DOCKERFILE.format(base=base, user=USER).encode()
    with tarfile.open(fileobj=context, mode="w") as tar:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
        tar.add(home, "opt/soloist", filter=owned_by_root)
    context.seek(0, os.SEEK_SET)


def owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """For archives that become images: nothing belongs to the user who made them, and all of it can be read."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode |= 0o555 if entry.isdir() or entry.mode & 0o100 else 0o444
    return entry

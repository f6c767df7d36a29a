"""Namespaces and mounts: of the broker, once, and of every job.

A job sees the container's read-only root, a fresh /proc, and one tmpfs of its own behind /tmp, /dev/shm and the writable layer
over /workspace. When its first process ends, the kernel kills the others, and the mounts go with them.
"""

import os
from typing import Final

from . import kernel
from .workspace import LAYER, ROOT

SCRATCH: Final = "/tmp"  # noqa: S108 - the container's own
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108
_INODES: Final = 50_000
_COVERED: Final = ("/sys", "/dev/mqueue", "/var/tmp", "/run")  # noqa: S108
"""Not a job's business, or writable in some containers."""
_MASKED: Final = ("/proc/kallsyms", "/proc/keys", "/proc/interrupts", "/proc/softirqs", "/proc/cmdline")
"""Files of a fresh /proc that tell about the host and that anyone may read. The others are root's, who is nobody here."""
_QUIET: Final = kernel.NOSUID | kernel.NODEV


def nest() -> None:
    """Give this process a user namespace of its own in which it may do as it likes, and its next child a pid namespace.

    Raises OSError where the kernel, the engine or a security module refuses.
    """
    uid, gid = os.getuid(), os.getgid()
    kernel.unshare(kernel.NEWUSER | kernel.NEWNS | kernel.NEWPID)
    for file, text in (("uid_map", f"{uid} {uid} 1"), ("setgroups", "deny"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{file}", "w") as mapping:
            mapping.write(text)
    kernel.bound_capabilities()


class Isolation:
    """What the broker sets up once, and jobs then start from. Raises OSError."""

    def __init__(self) -> None:
        kernel.mount("", "/", "", kernel.REC | kernel.PRIVATE)
        for folder in _COVERED:
            if os.path.isdir(folder) and not os.path.islink(folder):
                kernel.mount("tmpfs", folder, "tmpfs", _QUIET | kernel.NOEXEC | kernel.RDONLY, "size=4k,mode=0555")
        self._proc()
        self._masked = [path for path in _MASKED if os.path.exists(path)]
        self.pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self.disk = 8 << 20
        """Bytes that a job may write in all."""
        self.tree = False
        """Whether /workspace holds files, which a job sees through a writable layer."""

    def _proc(self) -> None:
        kernel.mount("proc", "/proc", "proc", _QUIET | kernel.NOEXEC)

    def isolate(self) -> int:
        """For a job's first process: a view of its own. Returns its scratch space, opened as a folder."""
        kernel.unshare(kernel.NEWNS | kernel.NEWIPC | kernel.NEWUTS)
        self._proc()
        for path in self._masked:
            kernel.mount("/dev/null", path, "", kernel.BIND)
        lower = ":".join(folder for folder in (LAYER, ROOT) if os.path.isdir(folder))
        # The layer's folder lies under /tmp: overlayfs holds it, once it is mounted.
        scratch = self._scratch(_SHARED_MEMORY)
        if self.tree:
            upper = f"upperdir={_SHARED_MEMORY}/upper,workdir={_SHARED_MEMORY}/work"
            kernel.mount("overlay", ROOT, "overlay", _QUIET, f"lowerdir={lower},{upper},userxattr")
        else:
            kernel.mount(f"{_SHARED_MEMORY}/upper", ROOT, "", kernel.BIND)
        kernel.mount(f"{_SHARED_MEMORY}/tmp", SCRATCH, "", kernel.BIND)  # noqa: S108
        kernel.mount(f"{_SHARED_MEMORY}/shm", _SHARED_MEMORY, "", kernel.BIND)
        return scratch

    def _scratch(self, place: str) -> int:
        """One tmpfs for all that a job may write, so that one limit bounds it."""
        kernel.mount("tmpfs", place, "tmpfs", _QUIET, f"size={self.disk},nr_inodes={_INODES},mode=0700")
        folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        os.umask(0)
        for name, mode in (("upper", 0o755), ("work", 0o700), ("tmp", 0o1777), ("shm", 0o1777)):
            os.mkdir(name, mode, dir_fd=folder)
        return folder

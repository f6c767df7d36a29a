"""What a sandbox may leave behind: containers with our label, processes with a mark in their arguments."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import docker


def marked(mark: str) -> list[int]:
    """Processes of this machine, in whatever namespace, that have the mark among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in arguments:
                found.append(int(entry.name))
    return found


async def gone(mark: str, seconds: float = 3.0) -> bool:
    """Whether no marked process is left, waiting a little for the kernel."""
    deadline = time.monotonic() + seconds
    while marked(mark):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def appears(mark: str, seconds: float = 10.0) -> bool:
    """Whether a marked process is seen in time."""
    deadline = time.monotonic() + seconds
    while not marked(mark):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


def containers() -> list[str]:
    """Ids of Docker containers, in whatever state, that this process has made."""
    client = docker.from_env()
    try:
        return [found.id or "" for found in client.containers.list(all=True, filters={"label": f"soloist.pid={os.getpid()}"})]
    finally:
        client.close()


def bubbles() -> list[int]:
    """bwrap processes that this process has started and that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                _, name, rest = (entry / "stat").read_text().replace("(", ")").split(")", 2)
            except OSError:
                continue
            state, parent, *_ = rest.split()
            if name == "bwrap" and int(parent) == os.getpid() and state != "Z":
                found.append(int(entry.name))
    return found


async def nothing_left(engine: str, seconds: float = 5.0) -> bool:
    """Whether every container of this process is gone, waiting a little for the daemon."""
    deadline = time.monotonic() + seconds
    while containers() if engine == "docker" else bubbles():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


async def kill_containers(engine: str) -> None:
    """What a crash, or an administrator, does to the containers of this process."""
    if engine == "bubblewrap":
        for pid in bubbles():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return
    client = docker.from_env()
    for name in containers():
        try:
            await asyncio.to_thread(client.api.kill, name)
        except docker.errors.APIError:
            continue  # it has not started yet, or is gone
    client.close()

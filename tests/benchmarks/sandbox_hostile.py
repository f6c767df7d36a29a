"""What the soak test throws at a sandbox in place of an honest function. Only ever run inside one."""

HOSTILE: dict[str, tuple[str, set[str | None]]] = {
    "fork bomb": ("import os\nwhile True:\n    os.fork()\n", {"seconds", "memory", None}),
    "memory bomb": ("kept = []\nwhile True:\n    kept.append(bytearray(1 << 24))\n", {"seconds", "memory", None}),
    "output flood": ("while True:\n    print('flood' * 1000)\n", {"output"}),
    "disk fill": (
        "piece = bytes(1 << 20)\nwith open('/tmp/fill', 'wb') as file:\n    while True:\n        file.write(piece)\n",
        {"seconds", "memory", "disk", None},
    ),
    "daemon": (
        "import os, time\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n        time.sleep(3600)\n    os._exit(0)\n",
        {None},
    ),
    "kill(-1)": ("import os, signal\nos.kill(-1, signal.SIGKILL)\nos.kill(os.getpid(), signal.SIGKILL)\n", {None}),
    "os._exit": ("import os\nos._exit(0)\n", {None}),
    "segfault": ("import ctypes\nctypes.string_at(0)\n", {None}),
}
"""A file's content, and the limits that may end it. None of them defines the function, so none may pass."""
BUSY = "while True:\n    pass\n"

"""Rows 5 and 29: disk space, and files that come back."""

import pytest
from soloist_sandbox.contract import CommandCheck, Outcome

from .yard import LIMITS, Yard, ended, numbered

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILL = """import errno, os
total = 0
for top, folders, _ in os.walk("/"):
    if top == "/":
        folders[:] = set(folders) - {"proc", "sys"}
    for n in range(100):
        try:
            with open(f"{top}/fill{n}", "wb", buffering=0) as file:
                while True: total += file.write(bytes(1 << 20))
        except OSError as error:
            if error.errno != errno.EFBIG: break
"""
DISK: dict[str, tuple[str, str]] = {
    "05 every folder there is": ("ok", FILL + "assert 14 < total >> 20 <= 16, total"),
    "05 every folder, and dies of it": ("disk_limit", FILL + "raise SystemExit(1)"),
    "05 shared memory": ("disk_limit", "f = open('/dev/shm/x', 'wb')\nwhile 1: f.write(bytes(1 << 20))"),
    "05 one file, killed by the kernel": (
        "disk_limit",
        "import signal\nsignal.signal(25, signal.SIG_DFL)\nf = open('x', 'wb')\nwhile 1: f.write(bytes(1 << 20))",
    ),
    "05 fallocate": ("nonzero", "import os\nfor n in range(9): os.posix_fallocate(os.open(f'/tmp/{n}', 66), 0, 6 << 20)"),
    "05 inodes": ("disk_limit", "n = 0\nwhile 1: open(f'/tmp/{n}', 'w').close(); n += 1"),
    "05 folders": ("disk_limit", "import os\nn = 0\nwhile 1: os.mkdir(f'/dev/shm/{n}'); n += 1"),
    "05 sparse terabyte": ("nonzero", "open('/tmp/x', 'wb').truncate(1 << 40)"),
    "05 sparse, just small enough": ("ok", "for n in range(99): open(f'/tmp/{n}', 'wb').truncate(16 << 20)"),
    "05 full, cleaned up, fails": (
        "nonzero",
        "import os\ntry:\n with open('/tmp/x', 'wb') as f:\n  while 1: f.write(bytes(1 << 20))\n"
        "except OSError: os.unlink('/tmp/x')\nraise SystemExit(1)",
    ),
}


@pytest.mark.parametrize(("verdict", "source"), **numbered(DISK))
async def test_05_disk(yard: Yard, verdict: str, source: str) -> None:
    """All that can be written together is the limit's; afterwards the space is there again."""
    result = await yard.command(source)
    assert ended(result) == verdict, result
    room = await yard.command("with open('/tmp/x', 'wb') as f: f.write(bytes(15 << 20))")
    assert ended(room) == "ok"


async def collected(yard: Yard, source: str) -> Outcome:
    """Run Python source over the tree, and bring changed files back."""
    check = CommandCheck(command=f"exec python3 - {yard.mark} <<'END'\n{source}\nEND")
    outcome = await yard.session.run(check, collect=True, limits=LIMITS)
    assert outcome.seconds < LIMITS.seconds + 0.5
    return outcome


ODD = """import os, socket, sys
os.symlink("/etc/passwd", "link")
os.symlink("..", "up")
os.symlink("loop", "loop")
os.mkfifo("fifo")
socket.socket(socket.AF_UNIX).bind("socket")
open("good", "w").write("good")
os.link("good", "hard")
os.mkdir("closed"); open("closed/inner", "w").write("inner"); os.chmod("closed/inner", 0); os.chmod("closed", 0)
odd = (b"new\\nline", b"back\\\\slash", b"\\xff\\xfe", b" blank ", b"a" * 255, b"\\x1b[31m", "\\u202egood".encode(), b"c:x")
for name in odd:
    open(name, "w").close()
for number in (0, 1, 259):
    try: os.mknod("device", 0o20666, number); print("made a device")
    except OSError: pass
for path in ("kept.py", "good"):
    for name in ("opaque", "redirect", "metacopy", "whiteout"):
        try: os.setxattr(path, f"user.overlay.{name}", b"y")
        except OSError: pass
for name in ("trusted.overlay.opaque", "security.capability"):
    try: os.setxattr("good", name, b"y"); print("has set", name)
    except OSError: pass
"""


async def test_29_odd_files(yard: Yard) -> None:
    """Of all that a job has made, regular files with plain names come back; no link is followed."""
    outcome = await collected(yard, ODD)
    assert (ended(outcome), outcome.stdout) == ("ok", ""), outcome
    found = {file.path: file.content for file in outcome.files}
    plain = {"good": b"good", "hard": b"good", "closed/inner": b"inner", "a" * 255: b"", "\u202egood": b""}
    assert found == plain | {"kept.py": b"KEPT = 1\n"}


async def test_29_removed_files(yard: Yard) -> None:
    """Removed files and folders are told, also where a folder of the same name has taken the place; marks can't be forged."""
    source = """import os, shutil
os.unlink("kept.py")
shutil.rmtree("package"); os.mkdir("package"); open("package/one.py", "w").write("new")
os.mkdir("made"); open("made/new.py", "w").close(); os.setxattr("made", "user.overlay.opaque", b"y")
"""
    outcome = await collected(yard, source)
    changes = [(file.path, file.content) for file in outcome.files]
    assert changes == [("kept.py", None), ("made/new.py", b""), ("package", None), ("package/one.py", b"new")]


TOO_MUCH: dict[str, tuple[str]] = {
    "29 ten thousand files": ("for n in range(10_001): open(f'{n}', 'w').close()",),
    "29 folders in folders": ("import os\nfor _ in range(3000): os.mkdir('d'); os.chdir('d')\nopen('x', 'w').close()",),
    "29 long paths": ("import os\nfor _ in range(20): os.mkdir('d' * 200); os.chdir('d' * 200)\nopen('x', 'w').close()",),
    "29 sparse files": ("for n in range(3): open(f'{n}', 'wb').truncate(16 << 20)",),
}


@pytest.mark.parametrize(("source",), **numbered(TOO_MUCH))
async def test_29_too_much(yard: Yard, source: str) -> None:
    """Who makes more than can be brought back has reached the limit of the disk; nothing comes back."""
    outcome = await collected(yard, source)
    assert (ended(outcome), outcome.files) == ("disk_limit", ()), outcome


async def test_29_most_that_comes_back(yard: Yard) -> None:
    """What lies below the caps comes back whole."""
    outcome = await collected(yard, "import os\nfor n in range(3000): open(f'{n:04}', 'wb').write(bytes(4000))")
    assert (ended(outcome), len(outcome.files)) == ("ok", 3000)
    assert {file.content for file in outcome.files} == {bytes(4000)}

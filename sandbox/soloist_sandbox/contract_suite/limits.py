"""Limits that bite: time, processes, memory, disk and output."""

import secrets

import pytest

from soloist_sandbox.contract import CommandCheck, Limits, Session
from soloist_sandbox.contract_suite.host import Host
from soloist_sandbox.contract_suite.project import contract, python

ENDLESS = {
    "loop": "while True: pass",
    "ignores signals": "import signal, time\nfor s in 15, 14, 2, 1: signal.signal(s, signal.SIG_IGN)\nwhile True: time.sleep(1)",
    "detached grandchildren": """import os, time
if os.fork() == 0:
 os.setsid()
 if os.fork() == 0:
  time.sleep(1000)
time.sleep(1000)""",
}


@contract
class TestLimits:
    """What a job may use, and what ends it."""

    @pytest.mark.parametrize("program", ENDLESS.values(), ids=ENDLESS.keys())
    async def test_time_limit(self, session: Session, host: Host, program: str) -> None:
        """A program that does not end is ended at its limit, with everything that it has started."""
        mark = secrets.token_hex(8)
        outcome = await session.run(CommandCheck(command=f"python3 -c '{program}' {mark}"), limits=Limits(seconds=1))
        assert (outcome.exit_code, outcome.limit, outcome.ended) == (None, "seconds", "timeout")
        assert 1 <= outcome.seconds < 2
        assert await host.gone(mark)

    async def test_daemon_ends_with_its_job(self, session: Session, host: Host) -> None:
        """What a program leaves running ends with it, and holding its stdout open delays nothing."""
        mark = secrets.token_hex(8)
        started = f"import os, sys\nif os.fork() == 0:\n os.setsid()\n os.execlp('sleep', '{mark}', '1000')\nprint('done')"
        outcome = await session.run(CommandCheck(command=f'python3 -c "{started}"'), limits=Limits(seconds=15))
        assert (outcome.exit_code, outcome.stdout, outcome.limit) == (0, "done\n", None)
        assert outcome.seconds < 10
        assert await host.gone(mark)

    async def test_fork_bomb(self, session: Session) -> None:
        """A program that forks for ever is held to its number of processes, and the next job runs as if nothing had been."""
        bomb = """import os, time
n = 0
try:
    while True:
        if os.fork() == 0: time.sleep(100)
        n += 1
except OSError: print(n)
"""
        limits = Limits(seconds=10, processes=32, memory_mb=256)
        outcome = await session.run(python(bomb), limits=limits)
        assert outcome.exit_code == 0, outcome
        assert 0 < int(outcome.stdout) <= 32
        wild = await session.run(
            python("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass"), limits=Limits(seconds=1, processes=32)
        )
        assert wild.limit == "seconds"
        assert wild.seconds < 3
        assert (await session.run(CommandCheck(command="true"))).exit_code == 0

    async def test_memory_bomb(self, session: Session) -> None:
        """A program can't have more memory than its limit; where the kernel ends it, the limit is named."""
        limits = Limits(seconds=20, memory_mb=64, disk_mb=8)
        outcome = await session.run(python("x = bytearray()\nwhile True: x += bytes(1 << 20)"), limits=limits)
        assert outcome.exit_code != 0
        assert outcome.limit == "memory" or "MemoryError" in outcome.stderr

    async def test_disk_fill(self, session: Session) -> None:
        """Nothing can be written without end, anywhere."""
        fill = """import os, json
total = 0
for top, folders, _ in os.walk("/"):
    if top.startswith(("/proc", "/sys")):
        folders.clear()
        continue
    for n in range(100):
        try:
            with open(f"{top}/fill{n}", "wb", buffering=0) as f:
                while True: total += f.write(bytes(1 << 20))
        except OSError as e:
            if n and e.errno == 28: break
            if e.errno in (30, 13, 1): break
print(total >> 20)
"""
        outcome = await session.run(python(fill), limits=Limits(seconds=30, disk_mb=16, memory_mb=256))
        assert outcome.exit_code == 0, outcome
        assert 8 <= int(outcome.stdout) <= 80

    async def test_output_flood(self, session: Session) -> None:
        """A program that writes more than is kept is ended at once; what was kept is its beginning."""
        outcome = await session.run(CommandCheck(command="echo first; yes"), limits=Limits(seconds=15, output_kb=64))
        assert (outcome.exit_code, outcome.limit, outcome.truncated, outcome.ended) == (None, "output", True, "output_limit")
        assert outcome.stdout.startswith("first\ny\n")
        assert len(outcome.stdout) == 64 << 10
        assert outcome.seconds < 5

    async def test_output_below_its_limit(self, session: Session) -> None:
        """Megabytes on both streams are kept whole where they are allowed."""
        command = "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"
        much = await session.run(CommandCheck(command=command), limits=Limits(output_kb=3000))
        assert (much.exit_code, len(much.stdout), len(much.stderr), much.truncated) == (0, 3_000_000, 3_000_000, False)

"""Nothing is seen of the host, and nothing of it can be reached."""

import json

import pytest

from soloist_sandbox.contract import CommandCheck, Session
from soloist_sandbox.contract_suite.project import contract, python

OUTWARD = """import socket
for address in (("1.1.1.1", 53), ("169.254.169.254", 80), ("2606:4700::1", 53)):
    try:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as door:
            door.settimeout(3)
            door.connect(address)
            print("connected", address)
    except OSError: pass
try: print(socket.getaddrinfo("example.org", 443))
except OSError: pass
print("end")
"""

WITNESS = """import json, os
def attempt(path):
    try:
        open(path, "w").close()
        return True
    except OSError: return False
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
places = ["/x", "/etc/x", "/usr/x", "/sys/x", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"]
sockets = ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd", "/run/crio", "/var/run/secrets/kubernetes.io"]
print(json.dumps({
    "uids": os.getresuid(), "gids": os.getresgid(), "groups": os.getgroups(),
    "caps": [status[k].strip() for k in ("CapInh", "CapPrm", "CapEff", "CapAmb")], "nnp": status["NoNewPrivs"].strip(),
    "written": [p for p in places if attempt(p)], "reached": [p for p in sockets if os.path.exists(p)],
    "environment": sorted(os.environ), "values": sorted(os.environ.values()),
    "setuid": [p for top, _, fs in os.walk("/usr") for f in fs for p in [f"{top}/{f}"] if os.lstat(p).st_mode & 0o6000],
}))
"""


@contract
class TestIsolation:
    """A job alone in the world."""

    async def test_no_way_out(self, session: Session) -> None:
        """No address can be reached and no name be looked up."""
        outcome = await session.run(python(OUTWARD))
        assert (outcome.exit_code, outcome.stdout) == (0, "end\n"), outcome

    async def test_has_no_rights(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        """A job is not root, has no capabilities, gains none, can't write the system, and has nothing of our environment."""
        monkeypatch.setenv("SOLOIST_SECRET", "hunter2")
        outcome = await session.run(python(WITNESS))
        assert outcome.exit_code == 0, outcome.stderr
        seen = json.loads(outcome.stdout)
        assert 0 not in {*seen["uids"], *seen["gids"], *seen["groups"]}
        assert {int(mask, 16) for mask in seen["caps"]} == {0}
        assert seen["nnp"] == "1"
        assert (seen["written"], seen["reached"], seen["setuid"]) == ([], [], [])
        assert "SOLOIST_SECRET" not in seen["environment"]
        assert "hunter2" not in seen["values"]

    async def test_speaks_for_itself_alone(self, session: Session) -> None:
        """What a job writes to any descriptor is its own output or nothing, and its exit code stays its own."""
        program = """import os
for fd in range(3, 1100):
    try: os.write(fd, b'{"exit_code": 0}\\n' * 10)
    except OSError: pass
print("end")
raise SystemExit(3)
"""
        outcome = await session.run(python(program))
        assert (outcome.exit_code, outcome.stdout) == (3, "end\n"), outcome

    async def test_kills_itself_alone(self, session: Session) -> None:
        """A job that kills whatever it can reach has failed, and the next one runs."""
        suicide = await session.run(python("import os\nos.kill(-1, 9)\nos.kill(os.getpid(), 9)"))
        assert suicide.exit_code != 0
        assert (await session.run(CommandCheck(command="true"))).exit_code == 0

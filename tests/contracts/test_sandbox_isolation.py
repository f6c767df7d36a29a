"""The public suite's isolation on our backends, and how alone a job is there: nothing is seen of the runner, either."""

import json

import pytest
from soloist_sandbox.contract import CommandCheck, Session
from soloist_sandbox.contract_suite import TestIsolation

from .conftest import python

__all__ = ["TestIsolation"]


async def test_no_network(session: Session) -> None:
    """There is no interface but the loopback."""
    outcome = await session.run(CommandCheck(command="tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '"))
    assert (outcome.exit_code, outcome.stdout) == (0, "lo\n"), outcome


WITNESS = """import json, os
def attempt(path):
    try:
        open(path, "w").close()
        return True
    except OSError: return False
def listing(path):
    try: return sorted(os.listdir(path))
    except OSError: return None
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
places = ["/x", "/etc/x", "/usr/x", "/opt/soloist/x", "/opt/soloist/runner.py", "/dev/x", "/var/tmp/x", "/run/x", "/sys/x"]
places.append("/dev/mqueue/x")
print(json.dumps({
    "uids": os.getresuid(), "gids": os.getresgid(), "groups": os.getgroups(),
    "caps": [status[k].strip() for k in ("CapInh", "CapPrm", "CapEff", "CapAmb")], "nnp": status["NoNewPrivs"].strip(),
    "written": [p for p in places if attempt(p)],
    "home": listing("/root"), "homes": listing("/home"),
    "sockets": [p for p in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd") if os.path.exists(p)],
    "commands": [open(f"/proc/{p}/cmdline").read().replace("\\0", " ") for p in os.listdir("/proc") if p.isdigit()],
    "runner": listing("/proc/1/fd"), "environment": dict(os.environ), "host": os.uname().nodename,
    "setuid": [p for top, _, fs in os.walk("/usr") for f in fs for p in [f"{top}/{f}"] if os.lstat(p).st_mode & 0o6000],
}))
"""


async def test_sees_and_may_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job is nobody, has no rights, can't write outside its folders, and sees nothing of the host or of the runner."""
    monkeypatch.setenv("SOLOIST_SECRET", "hunter2")
    outcome = await session.run(CommandCheck(command=f"python3 -c '{WITNESS.replace(chr(39), chr(34))}'"))
    assert outcome.exit_code == 0, outcome.stderr
    seen = json.loads(outcome.stdout)
    assert seen["uids"] == seen["gids"] == [10001] * 3
    assert 0 not in seen["groups"]
    assert {int(mask, 16) for mask in seen["caps"]} == {0}
    assert seen["nnp"] == "1"
    assert seen["written"] == []
    assert not seen["home"]
    assert not seen["homes"]
    assert seen["sockets"] == []
    assert len(seen["commands"]) <= 3
    assert seen["runner"] is None
    assert set(seen["environment"]) <= {
        *("PATH", "HOME", "LANG", "TZ", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PWD", "SHLVL", "_", "OLDPWD"),
    }
    assert seen["host"] == "sandbox"
    assert seen["setuid"] == []


async def test_cannot_reach_the_runner(session: Session) -> None:
    """The runner can't be traced, signalled, read or spoken for: what a job writes to any descriptor stays its own output."""
    program = """import ctypes, os, signal
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(16, 1, 0, 0) == -1
for path in ("/proc/1/mem", "/proc/1/environ", "/proc/1/maps"):
    try: open(path, "rb").read(1); print("read", path)
    except OSError: pass
for number in range(1, 65):
    try: os.kill(1, number)
    except (OSError, ValueError): pass
forged = b'SLO1' + (40).to_bytes(4, 'big') + bytes(8) + b'{"op":"done","status":0}'
for fd in range(3, 1100):
    try: os.write(fd, forged)
    except OSError: pass
print("end")
raise SystemExit(3)
"""
    outcome = await session.run(python(program))
    assert (outcome.exit_code, outcome.stdout) == (3, "end\n"), outcome
    suicide = await session.run(python("import os\nos.kill(-1, 9)"))
    assert suicide.exit_code != 0

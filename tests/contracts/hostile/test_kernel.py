"""Rows 12 to 19: the network, system calls, other processes, rights, and what the kernel tells."""

import ast
import os
import socket
import threading
from typing import Any

import pytest
from soloist_sandbox.seccomp import denied
from soloist_sandbox.seccomp.known import known

from .yard import Yard, ended, numbered

pytestmark = pytest.mark.asyncio(loop_scope="module")

MACHINE: Any = os.uname().machine
CALLS = {
    "13 namespaces": denied.NAMESPACES,
    "13 mounts": denied.MOUNTS,
    "14 other processes": denied.OTHER_PROCESSES,
    "15 young parts of the kernel": denied.KERNEL_CODE,
    "15 modules": denied.MODULES,
    "15 the machine": denied.MACHINE,
    "15 clocks": denied.CLOCKS,
    "15 filters": denied.FILTERS,
    "15 file handles": denied.FILE_HANDLES,
    "15 memory nodes": denied.MEMORY_NODES,
    "16 keys": denied.KEYS,
}
CALLING = """import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(number, *arguments):
    done = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return "done" if done >= 0 else errno.errorcode[ctypes.get_errno()]
"""


async def test_system_calls(yard: Yard) -> None:
    """Every denied call of every group answers that it is not permitted, before the kernel looks at its arguments."""
    numbers = {name: number for group in CALLS.values() for name in group.calls if (number := known(MACHINE).get(name))}
    assert len(numbers) > 50
    source = (
        f"{CALLING}print([(name, found) for name, number in {numbers}.items() if (found := call(number, *[0] * 5)) != 'EPERM'])"
    )
    assert await yard.told(source) == "[]\n"


async def test_13_and_15_arguments(yard: Yard) -> None:
    """Calls that are refused for what they ask: new namespaces, odd personalities, filters; `clone3` is not there."""
    numbers = known(MACHINE)
    source = f"""{CALLING}import os
clone, clone3, personality, prctl, prlimit = {[numbers[n] for n in ("clone", "clone3", "personality", "prctl", "prlimit64")]}
parent = os.getpid()
found = set()
for shift in (17, 25, 26, 27, 28, 29, 30, 15):
    found.add(call(clone, 1 << shift | 17, 0, 0, 0, 0))
    if os.getpid() != parent: os._exit(0)
print(found, call(clone3, 0, 0), call(clone3, 0, 88))
print(call(personality, 0x40000), call(prctl, 22, 2, 0), call(prlimit, 1, 0, 0, 0))
"""
    assert await yard.told(source) == "{'EPERM'} ENOSYS ENOSYS\nEPERM EPERM EPERM\n"


FOREIGN_CALLS: dict[str, tuple[str, int]] = {
    "15 x32": ("b827000040 0f05 c3", 1),
    "15 i386": ("b814000000 cd80 c3", 1),
    "15 i386 through sysenter's successor": ("b802000000 cd80 c3", 1),
}


@pytest.mark.skipif(MACHINE != "x86_64", reason="only x86-64 has these ways into the kernel")
@pytest.mark.parametrize(("code", "_"), **numbered(FOREIGN_CALLS))
async def test_15_foreign_calls(yard: Yard, code: str, _: int) -> None:
    """A call by the number of another machine ends the program at once: "refused"."""
    source = f"""import ctypes, mmap
def f():
    code = mmap.mmap(-1, 4096, prot=7)
    code.write(bytes.fromhex("{code}"))
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
"""
    assert ended(await yard.function(source)) == "refused"
    assert ended(await yard.command(f"{source}f()")) == "refused"


NETWORK = """import errno, os, socket
def attempt(make):
    try: return make() or "done"
    except OSError as error: return errno.errorcode.get(error.errno, "no name")
families = (16, 17, 38, 40, 44, 29, 31, 2, 10)  # netlink, packet, alg, vsock, xdp, can, bluetooth; IPv4, IPv6 below
kinds = {2: (3, 1), 10: (3, 58), 16: (3, 0), 17: (3, 0)}
made = {family: attempt(lambda family=family: socket.socket(family, *kinds.get(family, (2, 0))).close()) for family in families}
def connect(address, family=socket.AF_INET, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as link:
        link.settimeout(1)
        link.connect(address)
public = (("1.1.1.1", 53), ("169.254.169.254", 80), ("172.17.0.1", 2375), ("10.0.2.2", 22))
far = [attempt(lambda a=a: connect(a)) for a in public]
far += [attempt(lambda: connect(("1.1.1.1", 53), kind=socket.SOCK_DGRAM))]
far += [attempt(lambda a=a: connect((a, 80), socket.AF_INET6)) for a in ("2606:4700::1", "fe80::1%lo")]
far += [attempt(lambda: connect(("127.0.0.1", PORT))), attempt(lambda: connect(("::1", PORT), socket.AF_INET6))]
local = ("/var/run/docker.sock", "/run/containerd/containerd.sock", ABSTRACT)
far += [attempt(lambda p=p: connect(p, socket.AF_UNIX)) for p in local]
far += [attempt(lambda: str(socket.getaddrinfo("example.org", 443)))]
interfaces = [line.split(":")[0].strip() for line in list(open("/proc/net/dev"))[2:]]
print((made, far, interfaces))
"""


async def test_12_network(yard: Yard) -> None:
    """There is no way out, none to the host's own services, and no raw or exotic sockets."""
    abstract = "\0hostile-" + yard.mark
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(abstract)
        local.listen()
        seen: list[object] = []
        server.settimeout(20)
        thread = threading.Thread(target=lambda: seen.append(_accepted(server)))
        thread.start()
        source = NETWORK.replace("PORT", str(server.getsockname()[1])).replace("ABSTRACT", repr(abstract))
        made, far, interfaces = ast.literal_eval(await yard.told(source))
        with socket.create_connection(server.getsockname()) as probe:
            probe.sendall(b"own")
        thread.join()
    assert seen == [b"own"], "somebody else has connected"
    assert set(made.values()) <= {"EAFNOSUPPORT", "EPERM"}, made
    assert "done" not in far, far
    assert interfaces == ["lo"]


def _accepted(server: socket.socket) -> bytes:
    link, _ = server.accept()
    with link:
        return link.recv(10)


PROCESSES = """import os
found = []
pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
if max(pids) > 9: found.append(pids)
for pid in pids:
    if pid == os.getpid(): continue
    for name in ("mem", "environ", "maps", "fd", "cwd", "root", "exe", "stack", "syscall", "auxv", "io", "ns/pid", "pagemap"):
        try:
            path = f"/proc/{pid}/{name}"
            if name == "fd": os.listdir(path)
            elif name in ("cwd", "root", "exe", "ns/pid"): os.readlink(path)
            else: open(path, "rb").read(1)
            found.append(path)
        except (OSError, ValueError): pass
    for name in ("oom_score_adj", "comm", "coredump_filter", "clear_refs"):
        try: open(f"/proc/{pid}/{name}", "w").write("0"); found.append(f"{pid}/{name} written")
        except OSError: pass
    try: os.pidfd_open(pid) and None
    except OSError: pass
print(found)
"""


async def test_14_other_processes(yard: Yard) -> None:
    """A program sees its own processes only, and can't look into the one that reports its end."""
    assert await yard.told(PROCESSES) == "[]\n"


RIGHTS = """import os
done = []
def attempt(name, function, *arguments):
    try: function(*arguments); done.append(name)
    except (OSError, ValueError): pass
for name in ("setuid", "setgid", "seteuid", "setegid"): attempt(name, getattr(os, name), 0)
attempt("setresuid", os.setresuid, 0, 0, 0)
attempt("setgroups", os.setgroups, [0])
attempt("initgroups", os.initgroups, "root", 0)
for number, mode in ((0x103, 0o20666), (0x800, 0o60666), (0x101, 0o20666)):
    attempt("mknod", os.mknod, "/tmp/device", mode, number)
attempt("chown", os.chown, "/workspace/kept.py", 0, 0)
attempt("chroot", os.chroot, "/tmp")
attempt("nice", os.nice, -5)
attempt("capability", os.setxattr, "/workspace/kept.py", "security.capability", bytes.fromhex("0100000200200000") + bytes(12))
attempt("priority", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))
attempt("oom", os.write, os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1000")
attempt("root", lambda: os.write(os.open("/proc/self/uid_map", os.O_WRONLY), b"0 0 1"))
attempt("next process", lambda: os.write(os.open("/proc/sys/kernel/ns_last_pid", os.O_WRONLY), b"1000"))
os.chmod("/workspace/kept.py", 0o6755)
setuid = [f"{top}/{name}" for top, folders, names in os.walk("/") if not top.startswith(("/proc", "/sys", "/workspace"))
          for name in names if os.lstat(f"{top}/{name}").st_mode & 0o6000]
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
capabilities = {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
print((done, setuid, capabilities, status["NoNewPrivs"], status["Seccomp"]))
"""


async def test_17_rights(yard: Yard) -> None:
    """No program becomes another user, makes devices or gains capabilities; the image has nothing that lends them."""
    done, setuid, capabilities, no_new_privileges, filtered = ast.literal_eval(await yard.told(RIGHTS))
    assert (done, setuid) == ([], [])
    assert {int(mask, 16) for mask in capabilities} == {0}
    assert (no_new_privileges, filtered) == ("1", "2")


SETTINGS = """import os
written = []
paths = ["/proc/sysrq-trigger", "/proc/self/attr/current", "/proc/self/timerslack_ns", "/proc/acpi"]
paths += ["/sys/kernel/uevent_helper", "/sys/power/state", "/sys/fs/cgroup/release_agent"]
paths += ["/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
paths += ["/sys/fs/cgroup/cgroup.procs", "/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/sda", "/dev/vda", "/dev/port"]
for top, folders, names in os.walk("/proc/sys"): paths += [f"{top}/{name}" for name in names]
for path in paths:
    try: os.close(os.open(path, os.O_WRONLY)); written.append(path)
    except OSError: pass
print(written)
"""


async def test_18_settings(yard: Yard) -> None:
    """Nothing of the kernel's settings can be opened for writing, but what the kernel then refuses, or what is the job's own."""
    own = {"/proc/self/attr/current", "/proc/self/timerslack_ns", "/proc/sys/kernel/ns_last_pid"}
    assert set(ast.literal_eval(await yard.told(SETTINGS))) <= own


SECRETS = """import os
found = {}
def read(path):
    try:
        with open(path, "rb") as file: return file.read(1 << 16)
    except OSError: return b""
files = ["/etc/shadow", "/etc/gshadow", "/root/.ssh/id_rsa", "/proc/1/environ"]
files += [f"/proc/{name}" for name in ("kallsyms", "keys", "key-users", "kcore", "kmsg", "slabinfo", "interrupts", "softirqs")]
files += [f"/proc/{name}" for name in ("cmdline", "timer_list", "sched_debug", "vmallocinfo")]
for path in files:
    if read(path): found[path] = len(read(path))
for place in ("/root", "/home", "/sys", "/run", "/var/lib/docker", "/mnt", "/srv", "/host"):
    try:
        if os.listdir(place): found[place] = os.listdir(place)
    except OSError: pass
for path in ("/proc/self/mountinfo", "/proc/self/cgroup", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname"):
    if MARK in read(path): found[path] = "names the host"
everything = b" ".join(read(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdigit())
if MARK in everything: found["commands"] = everything
print(found)
"""


async def test_19_secrets(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the host can be read: no environment, no passwords, no addresses of its kernel, no other processes."""
    monkeypatch.setenv("HOSTILE_SECRET", "hunter2")
    told = await yard.told(SECRETS.replace("MARK", repr(socket.gethostname().encode())))
    found = ast.literal_eval(told)
    assert found == {}
    outcome = await yard.told("import os\nprint(sorted(os.environ), os.uname().nodename)")
    assert "SECRET" not in outcome
    assert socket.gethostname() not in outcome

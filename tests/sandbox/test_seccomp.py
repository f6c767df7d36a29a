"""The filter of system calls under real programs, in processes of this machine."""

import json
import os
import signal
import subprocess
import sys
from typing import Any, Final

import pytest
from soloist_sandbox.image_spec import RUNNER
from soloist_sandbox.seccomp.known import MACHINES

FILTERS: Final = RUNNER / "filters"
HERE: Final = os.uname().machine
on_known_machine = pytest.mark.skipif(HERE not in MACHINES, reason=f"there is no filter for {HERE}")
on_x86 = pytest.mark.skipif(HERE != "x86_64", reason="only x86-64 has these calls")

HARNESS: Final = f"""
import ctypes, errno, json, os, signal, sys
sys.path.insert(0, {str(RUNNER)!r})
import seccomp
del sys.path[0]
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
room = ctypes.addressof(ctypes.create_string_buffer(b"a name", 64))
filtered = sys.argv[1] == "filtered"

def call(number, *arguments):
    ctypes.set_errno(0)
    done = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return "done" if done >= 0 else errno.errorcode[ctypes.get_errno()]

def attempt(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

if filtered:
    seccomp.load({str(FILTERS)!r}).apply()
"""


def process(body: str, *, filtered: bool = True) -> "subprocess.CompletedProcess[str]":
    """Run Python source in a new interpreter and a new session, under the filter."""
    command = [sys.executable, "-c", HARNESS + body, "filtered" if filtered else "free"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, start_new_session=True, check=False)


def told(body: str, *, filtered: bool = True) -> Any:
    """What the source prints, as JSON."""
    done = process(body, filtered=filtered)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


NUMBERS: Final[dict[str, tuple[int, int | None]]] = {
    # By hand from the kernel's tables, x86-64 and aarch64. With -1 for each argument none of them would do anything.
    **{"unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41), "sethostname": (170, 161)},
    **{"setdomainname": (171, 162), "mount": (165, 40), "umount2": (166, 39), "move_mount": (429, 429), "open_tree": (428, 428)},
    **{"fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442)},
    **{
        "name_to_handle_at": (303, 264),
        "open_by_handle_at": (304, 265),
        "fanotify_init": (300, 262),
        "fanotify_mark": (301, 263),
    },
    **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "process_madvise": (440, 440)},
    **{"kcmp": (312, 272), "pidfd_getfd": (438, 438), "seccomp": (317, 277), "bpf": (321, 280), "perf_event_open": (298, 241)},
    **{"userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427)},
    **{"memfd_secret": (447, 447), "modify_ldt": (154, None), "keyctl": (250, 219), "add_key": (248, 217)},
    **{"request_key": (249, 218), "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106)},
    **{"kexec_load": (246, 104), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "quotactl": (179, 60)},
    **{"acct": (163, 89), "syslog": (103, 116), "vhangup": (153, 58), "iopl": (172, None), "ioperm": (173, None)},
    **{"settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266)},
    **{"get_mempolicy": (239, 236), "set_mempolicy": (238, 237), "mbind": (237, 235), "migrate_pages": (256, 238)},
    **{"move_pages": (279, 239), "uselib": (134, None), "sysfs": (139, None)},
}
CALLS: Final = {name: number for name, pair in NUMBERS.items() if (number := pair[HERE == "aarch64"]) is not None}


def answers(calls: dict[str, int], *, filtered: bool) -> dict[str, str]:
    body = f"print(json.dumps({{name: call(number, *[-1] * 6) for name, number in {calls!r}.items()}}))"
    given: dict[str, str] = told(body, filtered=filtered)
    return given


@pytest.fixture(scope="module")
def answered() -> dict[str, str]:
    return answers(CALLS, filtered=True)


@on_known_machine
@pytest.mark.parametrize("name", CALLS)
def test_denied_call(name: str, answered: dict[str, str]) -> None:
    """The call is refused before the kernel looks at its arguments."""
    assert answered[name] == "EPERM"


@on_known_machine
def test_without_the_filter() -> None:
    """Without the filter the kernel itself answers such calls: it is the filter that refuses them."""
    calls = {name: CALLS[name] for name in ("seccomp", "kcmp", "chroot")}
    assert answers(calls, filtered=False) == {"seccomp": "EINVAL", "kcmp": "ESRCH", "chroot": "EFAULT"}


@on_known_machine
def test_namespaces() -> None:
    """`clone` makes no namespaces and no siblings, `clone3` does not exist, and an ordinary fork by `clone` works."""
    body = f"""
clone = {56 if HERE == "x86_64" else 220}
flags = dict(user=0x10000000, mount=0x20000, pid=0x20000000, net=0x40000000, parent=0x8000, high=0x10000000 | 1 << 40)
given = {{name: call(clone, flag | signal.SIGCHLD, 0, 0, 0, 0) for name, flag in flags.items()}}
given["clone3"] = call(435, -1, 64)
pid = libc.syscall(ctypes.c_long(clone), ctypes.c_long(signal.SIGCHLD), *[ctypes.c_long(0)] * 4)
if pid == 0:
    os._exit(7)
given["fork"] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(json.dumps(given))"""
    refusals = dict.fromkeys(("user", "mount", "pid", "net", "parent", "high"), "EPERM")
    assert told(body) == {**refusals, "clone3": "ENOSYS", "fork": 7}


@on_known_machine
def test_sockets() -> None:
    """Only UNIX and internet sockets exist; the others are unknown address families."""
    body = """
import socket as s
families = dict(unix=1, inet=2, inet6=10, netlink=16, packet=17, alg=38, vsock=40, xdp=44, bluetooth=31)
kinds = dict(netlink=s.SOCK_RAW, packet=s.SOCK_RAW, alg=s.SOCK_SEQPACKET)
given = {name: attempt(s.socket, family, kinds.get(name, s.SOCK_STREAM)) for name, family in families.items()}
given["pair"] = attempt(s.socketpair)
given["high"] = call(41 if os.uname().machine == "x86_64" else 198, 1 << 32 | 16, 3, 0)
print(json.dumps(given))"""
    given = told(body)
    assert given.pop("inet6") in ("done", "EAFNOSUPPORT")  # a kernel may have none, whatever the filter says
    expected = dict.fromkeys(("netlink", "packet", "alg", "vsock", "xdp", "bluetooth", "high"), "EAFNOSUPPORT")
    assert given == {**expected, "unix": "done", "inet": "done", "pair": "done"}


@on_known_machine
def test_arguments() -> None:
    """Typing into a terminal, odd personalities and new filters are refused; what else these calls do works."""
    body = """
import fcntl, pty, termios
terminal = pty.openpty()[1]
ioctl = 16 if os.uname().machine == "x86_64" else 29
personality = 135 if os.uname().machine == "x86_64" else 92
given = {}
for name, request in dict(type=0x5412, linux=0x541C, discipline=0x5423, high=1 << 32 | 0x5412).items():
    given[name] = call(ioctl, terminal, request, room)
given["size"] = attempt(termios.tcgetattr, terminal)
given["odd"] = call(personality, 0x0400000)
given["none"] = call(personality, 0)
given["ask"] = call(personality, 0xFFFFFFFF)
prctl = lambda *arguments: "done" if libc.prctl(*map(ctypes.c_ulong, arguments)) >= 0 else errno.errorcode[ctypes.get_errno()]
given["filter"] = prctl(22, 2, 0, 0, 0)
given["strict"] = prctl(22 | 1 << 32, 1, 0, 0, 0)
given["name"] = prctl(15, room, 0, 0, 0)
print(json.dumps(given))"""
    given = told(body)
    expected = dict.fromkeys(("type", "linux", "discipline", "high", "odd", "filter", "strict"), "EPERM")
    assert given == {**expected, **dict.fromkeys(("size", "none", "ask", "name"), "done")}


@on_known_machine
@on_x86
def test_x32() -> None:
    """A call by x32's numbers ends the process with SIGSYS."""
    assert process("call(0x40000000 | 39)").returncode == -signal.SIGSYS
    in_thread = "import threading; thread = threading.Thread(target=call, args=(0x40000000 | 39,)); thread.start(); thread.join()"
    assert process(in_thread).returncode == -signal.SIGSYS


INT_80: Final = r"""
import mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid); int 0x80; ret
code = ctypes.addressof(ctypes.c_char.from_buffer(page))
sys.exit(0 if ctypes.CFUNCTYPE(ctypes.c_int)(code)() == os.getpid() else 1)
"""


@on_known_machine
@on_x86
def test_i386() -> None:
    """A call through the door for 32-bit programs ends the process with SIGSYS, though it is only getpid."""
    if (free := process(INT_80, filtered=False).returncode) != 0:
        pytest.skip(f"the kernel has no 32-bit calls (ended with {free})")
    assert process(INT_80).returncode == -signal.SIGSYS


@on_known_machine
def test_for_ever() -> None:
    """A descendant in a new session, after exec, is under the same filter and can't take it off."""
    again = """
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
os.setsid()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
tries = [libc.prctl(*numbers, 0, 0, 0) for numbers in ((22, 0), (22, 1), (38, 0))]
tries += [libc.unshare(0x10000000), libc.unshare(0)]
print(json.dumps([status["Seccomp"].strip(), status["NoNewPrivs"].strip(), *tries]))"""
    body = f"""
if os.fork() == 0:
    os.execv(sys.executable, [sys.executable, "-c", {again!r}])
os.wait()"""
    assert told(body) == ["2", "1", -1, -1, -1, -1, -1]


HONEST: Final = {
    "threads": "import threading as t; w = [t.Thread(target=print) for _ in 'abcd']; [x.start() or x.join() for x in w]",
    "pool": "from concurrent.futures import ThreadPoolExecutor as P; assert list(P(4).map(abs, [-1, -2])) == [1, 2]",
    "subprocess": "import subprocess as s; assert s.run('echo a | cat', shell=True, capture_output=True).stdout == b'a\\n'",
    "fork": "pid = os.fork(); pid or os._exit(3); assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3",
    "spawn": "assert os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)[1] == 0",
    "multiprocessing": """
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(abs, [-1, -2]) == [1, 2]""",
    "asyncio": """
import asyncio
async def main():
    server = await asyncio.start_server(lambda r, w: (w.write(b"hi"), w.close()), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    assert await reader.read() == b"hi"
    writer.close()
    program = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    assert (await program.communicate(b"meow"))[0] == b"meow"
asyncio.run(main())""",
    "sqlite3": """
import sqlite3, tempfile
with tempfile.TemporaryDirectory() as folder:
    base = sqlite3.connect(folder + "/base")
    base.executescript("pragma journal_mode=wal; create table t(a); insert into t values(1);")
    assert base.execute("select a from t").fetchall() == [(1,)]""",
    "mmap": "import mmap; m = mmap.mmap(-1, 1 << 20); m[:3] = b'abc'; m.flush(); m.madvise(mmap.MADV_DONTNEED); m.close()",
    "shared memory": """
from multiprocessing.shared_memory import SharedMemory
shared = SharedMemory(create=True, size=64)
shared.close()
shared.unlink()""",
    "signals": """
import time
got = []
signal.signal(signal.SIGALRM, lambda *_: got.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01)
time.sleep(0.05)
assert got""",
    "files": """
import pathlib, shutil, tempfile
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder, "a")
    path.write_text("x")
    os.link(path, folder + "/b")
    os.symlink("a", folder + "/c")
    os.mkfifo(folder + "/d")
    os.chmod(path, 0o600)
    os.utime(path)
    shutil.copy(path, folder + "/e")
    os.rename(path, folder + "/f")""",
    "imports": "import ssl, hashlib, uuid, random, zoneinfo, decimal, select, resource; ssl.create_default_context()",
    "epoll": "import select; reading, _ = os.pipe(); epoll = select.epoll(); epoll.register(reading); assert not epoll.poll(0)",
    "pytest": """
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
import pathlib, pytest, tempfile
with tempfile.TemporaryDirectory() as folder:
    pathlib.Path(folder, "test_a.py").write_text("def test_a(tmp_path, capfd): pass")
    own = ["-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", folder, "--basetemp", folder + "/own"]
    assert pytest.main([*own, folder]) == 0""",
}


@on_known_machine
@pytest.mark.parametrize("name", HONEST)
def test_honest_program(name: str) -> None:
    """What ordinary programs and tests do works under the filter."""
    done = process(HONEST[name])
    assert done.returncode == 0, done.stdout + done.stderr

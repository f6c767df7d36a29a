"""What an honest job sees of its surroundings: its function's source, to be run in the sandbox."""

WITNESS = """
import builtins, gc, locale, os, random, re, resource, signal, socket, sys, threading, json

PLACES = ("/workspace", "/tmp", "/dev", "/dev/shm", "/dev/mqueue", "/var/tmp", "/run", "/sys", "/proc/sysvipc", "/")


def listing(path):
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        return error.errno


def text(path):
    try:
        return open(path).read()
    except OSError as error:
        return error.errno


def look():
    limits = [getattr(resource, name) for name in sorted(dir(resource)) if name.startswith("RLIMIT_")]
    status = dict(line.split(":\\t", 1) for line in text("/proc/self/status").splitlines())
    return {
        "jobs": int(os.stat("/workspace/witness.py").st_mtime) - 10**9,
        "files": {place: listing(place) for place in PLACES},
        "mounts": sorted(line.split(" ", 4)[4] for line in text("/proc/self/mountinfo").splitlines()),
        "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
        "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
        "ipc": [text(f"/proc/sysvipc/{kind}").count("\\n") for kind in ("shm", "msg", "sem")],
        "sockets": [line.split()[-1] for line in text("/proc/net/unix").splitlines() if "@" in line],
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "mask": os.umask(0o022),
        "limits": [resource.getrlimit(limit) for limit in limits],
        "signals": [sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ()))), *(status[k] for k in ("SigIgn", "SigCgt"))],
        "identity": [os.getresuid(), os.getresgid(), os.getpid(), os.getppid(), os.getsid(0), os.getpgid(0)],
        "niceness": [os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), sorted(os.sched_getaffinity(0))],
        "name": [status["Name"], os.uname().nodename, sys.argv, text("/proc/self/oom_score_adj")],
        "locale": locale.setlocale(locale.LC_ALL),
        "recursion": [sys.getrecursionlimit(), threading.active_count(), gc.isenabled(), gc.get_threshold()],
        "modules": sorted(sys.modules),
        "paths": list(sys.path),
        "builtins": [json.dumps([1]), re.sub("a", "b", "a"), len("abc"), hash("seed"), sorted(map(str, vars(builtins)))],
        "hooks": [str(sys.excepthook), str(sys.settrace), str(sys.gettrace()), str(sys.getprofile())],
    }
"""

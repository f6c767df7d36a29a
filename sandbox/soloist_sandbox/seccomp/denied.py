"""What jobs may not call, and why. To be read and argued about: everything else in this package follows from it.

It holds at least what Docker's default profile refuses to a container without capabilities. Each of these calls answers EPERM. A
name that an architecture, or the libseccomp of the last review, does not have does no harm there.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Group:
    """System calls that are refused for one reason."""

    reason: str
    calls: tuple[str, ...]


NAMESPACES: Final = Group(
    "leave the job's view of the machine, or make another one in which to be root",
    ("unshare", "setns", "chroot", "pivot_root", "sethostname", "setdomainname"),
)
MOUNTS: Final = Group(
    "change what the file system looks like",
    (
        *("mount", "umount2", "move_mount", "open_tree", "open_tree_attr"),
        *("fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "statmount", "listmount"),
    ),
)
FILE_HANDLES: Final = Group(
    "open files by number, past the folders that hide them, or watch the files of others",
    ("name_to_handle_at", "open_by_handle_at", "fanotify_init", "fanotify_mark", "lookup_dcookie"),
)
OTHER_PROCESSES: Final = Group(
    "look into another process or take its descriptors: the one that reports how a job ended runs as the same user",
    ("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd"),
)
FILTERS: Final = Group(
    "add a filter of their own; a filter can fake what calls answer, and runs code in the kernel",
    ("seccomp",),
)
KERNEL_CODE: Final = Group(
    "young or intricate parts of the kernel, where most holes of the last years were found and which no test needs",
    (
        "bpf",
        "perf_event_open",
        "userfaultfd",
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
        "memfd_secret",
        "modify_ldt",
    ),
)
KEYS: Final = Group(
    "leave keys in the kernel's key rings, which no namespace holds: the next job of this user could read them",
    ("keyctl", "add_key", "request_key"),
)
MODULES: Final = Group(
    "change the running kernel",
    (
        *("init_module", "finit_module", "delete_module", "create_module", "get_kernel_syms", "query_module"),
        *("kexec_load", "kexec_file_load", "reboot"),
    ),
)
MACHINE: Final = Group(
    "administer the machine",
    ("swapon", "swapoff", "quotactl", "quotactl_fd", "acct", "syslog", "vhangup", "iopl", "ioperm"),
)
CLOCKS: Final = Group(
    "set the clock, which all containers share",
    ("settimeofday", "clock_settime", "adjtimex", "clock_adjtime"),
)
MEMORY_NODES: Final = Group(
    "move pages between memory nodes, of other processes too",
    ("get_mempolicy", "set_mempolicy", "set_mempolicy_home_node", "mbind", "migrate_pages", "move_pages"),
)
RELICS: Final = Group(
    "old calls that nothing uses, or that were never more than a number",
    (
        *("_sysctl", "sysfs", "ustat", "uselib", "nfsservctl", "afs_syscall", "tuxcall", "security", "vserver"),
        *("getpmsg", "putpmsg", "epoll_ctl_old", "epoll_wait_old"),
    ),
)

GROUPS: Final = (
    *(NAMESPACES, MOUNTS, FILE_HANDLES, OTHER_PROCESSES, FILTERS, KERNEL_CODE),
    *(KEYS, MODULES, MACHINE, CLOCKS, MEMORY_NODES, RELICS),
)
DENIED: Final = frozenset(call for group in GROUPS for call in group.calls)

BROKER: Final = frozenset({"unshare", "setns", "mount", "umount2", "sethostname", "seccomp"})
"""What the broker needs of these before it turns into a job. It runs nothing foreign; the container's own filter lets it."""

"""The whole container's filter, in a real container of Docker's."""

import json
import os
from typing import Final

import pytest
from soloist_sandbox import docker_images, seccomp
from soloist_sandbox.contract import SandboxUnavailable
from soloist_sandbox.seccomp.known import MACHINES

HERE: Final = os.uname().machine
IN_CONTAINER: Final = """
import ctypes, errno, json, socket, threading
libc = ctypes.CDLL(None, use_errno=True)
def said(done):
    return "done" if done >= 0 else errno.errorcode[ctypes.get_errno()]
thread = threading.Thread(target=int); thread.start(); thread.join()
given = dict(unshare=said(libc.unshare(0)), setns=said(libc.setns(-1, 0)))
given.update(ptrace=said(libc.ptrace(0, 0, 0, 0)), bpf=said(libc.syscall(BPF, -1, 0, 0)))
given["clone3"] = said(libc.syscall(435, 0, 0))
try:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
except OSError as error:
    given["netlink"] = errno.errorcode[error.errno]
if libc.unshare(0x10000000 | 0x20000) == 0:  # user and mount namespaces
    given["mount"] = said(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None))
print(json.dumps(given))
"""


@pytest.mark.skipif(HERE not in MACHINES, reason=f"there is no profile for {HERE}")
def test_docker_takes_the_profile() -> None:
    """A container under the profile may nest namespaces and mount in them, and may nothing that the broker does not need."""
    try:
        with docker_images.connect() as client:
            if not (images := client.images.list(filters={"label": "soloist.image"})):
                pytest.skip("no image of Soloist's: run `soloist sandbox build`")
            options = [f"seccomp={seccomp.container_profile()}", "no-new-privileges:true"]
            code = IN_CONTAINER.replace("BPF", "321" if HERE == "x86_64" else "280")
            output = client.containers.run(
                images[0].id,
                ["-c", code],
                entrypoint="python3",
                remove=True,
                network_mode="none",
                cap_drop=["ALL"],
                security_opt=options,
            )
    except SandboxUnavailable as reason:
        pytest.skip(str(reason))
    given = json.loads(output)
    assert given.pop("mount", "done") == "done"  # where the engine or a security module refuses namespaces there is none
    assert given == {
        "unshare": "done",
        "setns": "EBADF",
        "ptrace": "EPERM",
        "bpf": "EPERM",
        "clone3": "ENOSYS",
        "netlink": "EPERM",
    }

"""Not a peer but what most of them are made of: docker-py's `exec_run` in one warm container.

python peer_exec_run.py IMAGE PROGRAM
"""

import sys
from pathlib import Path

import docker
from answering import right, serve

image, program = sys.argv[1], Path(sys.argv[2]).read_text()
container = docker.from_env().containers.run(
    image, ["sleep", "3600"], detach=True, auto_remove=True, init=True, network_mode="none"
)
try:
    serve(lambda: right(container.exec_run(["python3", "-c", program]).output.decode()))
finally:
    container.remove(force=True)

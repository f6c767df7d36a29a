"""SWE-ReX: one DockerDeployment, a web server in the container that starts a process for each command.

python peer_swe_rex.py IMAGE PROGRAM
"""

import asyncio
import sys
from pathlib import Path

from answering import right, serve
from swerex.deployment.docker import DockerDeployment
from swerex.runtime.abstract import Command

image, program = sys.argv[1], Path(sys.argv[2]).read_text()
with asyncio.Runner() as runner:
    deployment = DockerDeployment(image=image, pull="never", docker_args=["--init"], startup_timeout=60)
    runner.run(deployment.start())

    def job() -> None:
        done = runner.run(deployment.runtime.execute(Command(command=["python3", "-c", program])))
        right(done.stdout + done.stderr)

    try:
        serve(job)
    finally:
        runner.run(deployment.stop())

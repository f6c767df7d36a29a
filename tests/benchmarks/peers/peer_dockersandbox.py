"""dockersandbox: one warm container, an exec for the program's file and one to run it.

python peer_dockersandbox.py IMAGE PROGRAM
"""

import asyncio
import sys
from pathlib import Path

from answering import right, serve
from dockersandbox import DockerSandbox

image, program = sys.argv[1], Path(sys.argv[2]).read_text()
with asyncio.Runner() as runner:
    sandbox = DockerSandbox(workdir="/tmp")  # noqa: S108 - the container's own
    runner.run(sandbox.start(image=image))

    async def once() -> str:
        """Write the file, run it."""
        await sandbox.write_file("/tmp/main.py", program)  # noqa: S108
        done = await sandbox.exec(["python3", "/tmp/main.py"])  # noqa: S108
        return f"{done.stdout}{done.stderr}"

    try:
        serve(lambda: right(runner.run(once())))
    finally:
        runner.run(sandbox.stop())

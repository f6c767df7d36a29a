"""AutoGen: one DockerCommandLineCodeExecutor, an `exec_run` with a file for each job.

python peer_autogen.py IMAGE PROGRAM
"""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from answering import right, serve
from autogen_core import CancellationToken
from autogen_core.code_executor import CodeBlock
from autogen_ext.code_executors.docker import DockerCommandLineCodeExecutor

image, program = sys.argv[1], Path(sys.argv[2]).read_text()
with TemporaryDirectory() as folder, asyncio.Runner() as runner:
    Path(folder).chmod(0o755)  # the image's user is not this one
    executor = DockerCommandLineCodeExecutor(image=image, work_dir=folder)
    runner.run(executor.start())

    def job() -> None:
        block = CodeBlock(code=program, language="python")
        right(runner.run(executor.execute_code_blocks([block], CancellationToken())).output)

    try:
        serve(job)
    finally:
        runner.run(executor.stop())

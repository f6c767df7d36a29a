"""smolagents: one DockerExecutor, a Jupyter kernel that all jobs share.

python peer_smolagents.py IMAGE PROGRAM
"""

import socket
import sys
from pathlib import Path

from answering import right, serve
from smolagents.monitoring import AgentLogger, LogLevel
from smolagents.remote_executors import DockerExecutor

image, program = sys.argv[1], Path(sys.argv[2]).read_text()
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
gateway = ["python3", "-m", "jupyter", "kernelgateway", "--KernelGatewayApp.ip=0.0.0.0", "--KernelGatewayApp.port=8888"]
executor = DockerExecutor(
    [],
    AgentLogger(level=LogLevel.OFF),
    port=port,
    image_name=image,
    build_new_image=False,
    container_run_kwargs={"command": gateway, "init": True},
)
try:
    serve(lambda: right(executor.run_code_raise_errors(program).logs))
finally:
    executor.cleanup()

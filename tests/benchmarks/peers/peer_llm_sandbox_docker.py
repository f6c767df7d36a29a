"""llm-sandbox: one open session with its Docker backend.

python peer_llm_sandbox_docker.py IMAGE PROGRAM
"""

import sys
from pathlib import Path

from answering import right, serve
from llm_sandbox import SandboxBackend, SandboxSession

image, program = sys.argv[1], Path(sys.argv[2]).read_text()
options = {"init": True, "network_mode": "none"}
with SandboxSession(
    backend=SandboxBackend.DOCKER, image=image, lang="python", runtime_configs=options, skip_environment_setup=True, verbose=False
) as session:
    serve(lambda: right(session.run(program).stdout))

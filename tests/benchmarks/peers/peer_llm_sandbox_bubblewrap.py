"""llm-sandbox: one open session with its bubblewrap backend, which starts a bwrap for each command.

python peer_llm_sandbox_bubblewrap.py IMAGE PROGRAM
"""

import sys
from pathlib import Path

from answering import right, serve
from llm_sandbox import SandboxBackend, SandboxSession

program = Path(sys.argv[2]).read_text()
with SandboxSession(backend=SandboxBackend.BUBBLEWRAP, lang="python", skip_environment_setup=True, verbose=False) as session:

    def job() -> None:
        done = session.run(program)
        right(done.stdout or done.stderr)

    serve(job)

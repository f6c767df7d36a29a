"""epicbox2: a container of its own for each job.

python peer_epicbox.py IMAGE PROGRAM
"""

import logging
import sys
from pathlib import Path

import epicbox
import structlog
from answering import right, serve

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
image, program = sys.argv[1], Path(sys.argv[2]).read_bytes()
epicbox.configure(profiles=[epicbox.Profile("python", image, user="root")])
files = [{"name": "main.py", "content": program}]


def job() -> None:
    """One container."""
    done = epicbox.run("python", "python3 main.py", files=files, limits={"cputime": 5, "memory": 256})
    right((done["stdout"] + done["stderr"]).decode())


serve(job)

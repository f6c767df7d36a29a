"""A function or program job in a process of its own, without the broker and its isolation around it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import soloist_sandbox
from soloist_sandbox.contract import Call, Case, FunctionCheck, Outcome, ProgramCheck
from soloist_sandbox.grading import question, ran, returned

IMAGE = Path(soloist_sandbox.__file__).parent / "image"
START = """
import json, sys, types
package = types.ModuleType("soloist_image")
package.__path__ = [sys.argv[1]]
sys.modules["soloist_image"] = package
from soloist_image import function_job, program_job
job = json.loads(sys.argv[2])
results = open("/proc/self/fd/%s" % sys.argv[3], "wb", buffering=0)
if job["kind"] == "function":
    sys.exit(function_job.run(job, results.fileno()))
sys.exit(program_job.run(job, results.fileno(), lambda: None))
"""


@dataclass(frozen=True)
class Done:
    """What a job's process left."""

    code: int
    data: bytes
    stderr: str

    def outcome(self, kind: str) -> Outcome:
        code, signal = (self.code, None) if self.code >= 0 else (None, -self.code)
        if kind == "function":
            return Outcome(exit_code=code, signal=signal, returned=returned(self.data))
        return Outcome(exit_code=code, signal=signal, ran=ran(self.data))


def job(root: Path, check: FunctionCheck | ProgramCheck, *before: str, start: str = START) -> Done:
    """Run a check's job on the files in `root`; `before` is put before the command."""
    with (root.parent / "results").open("w+b") as results:
        asked = json.dumps(question(check))
        command = [*before, sys.executable, "-c", start, str(IMAGE), asked, str(results.fileno())]
        done = subprocess.run(command, cwd=root, pass_fds=[results.fileno()], capture_output=True, timeout=60, check=False)
        results.seek(0)
        return Done(done.returncode, results.read(), done.stderr.decode())


def outcome(root: Path, check: FunctionCheck | ProgramCheck) -> Outcome:
    return job(root, check).outcome(check.kind)


def calls(
    *expected: tuple[str, str | None], function: str = "f", path: str = "solution.py", tolerance: float = 0.0
) -> FunctionCheck:
    made = tuple(Call(arguments=arguments, returns=returns) for arguments, returns in expected)
    return FunctionCheck(path=path, function=function, calls=made, tolerance=tolerance)


def cases(*expected: tuple[str, str | None], seconds: float = 10.0) -> ProgramCheck:
    made = tuple(Case(stdin=stdin, stdout=stdout) for stdin, stdout in expected)
    return ProgramCheck(path="program.py", cases=made, case_seconds=seconds)

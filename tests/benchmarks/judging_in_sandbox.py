"""Runs inside the sandbox: the evaluation material's own way of running a task's tests, on the tree in the working folder.

    python judging_in_sandbox.py MATERIALISE TASK

Prints one line of JSON: {test id: "pass" | "fail" | "skip"}, or null when the tests ran past their time.
"""

import importlib.util
import json
import sys
from pathlib import Path


def main() -> None:
    """See the module's docstring."""
    script, task = Path(sys.argv[1]), Path(sys.argv[2])
    spec = importlib.util.spec_from_file_location("materialise", script)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{script} can't be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    print(json.dumps(module.run_tests(json.loads(task.read_text()), str(Path.cwd()))))


if __name__ == "__main__":
    main()

"""Runs in the sandbox: a program once for each input, one JSON line for each run. It knows inputs, never what is expected."""

import base64
import json
import subprocess
import sys

MOST_OUTPUT = 1 << 20
"""Bytes kept of one run's output."""


def _run(program: str, text: str, seconds: float) -> dict[str, object]:
    try:
        done = subprocess.run([sys.executable, program], input=text.encode(), capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return {"ended": "seconds"}
    encoded = {name: base64.b64encode(value[:MOST_OUTPUT]).decode() for name, value in
               (("stdout", done.stdout), ("stderr", done.stderr[-4096:]))}  # fmt: skip
    return {"ended": done.returncode, **encoded}


def main() -> None:
    """Run all cases; stop at the first that does not end well, since it decides."""
    with open("run_cases.json", encoding="utf-8") as file:  # noqa: PTH123 - as small as can be
        job = json.load(file)
    for text in job["stdin"]:
        result = _run(job["program"], text, job["seconds"])
        print(json.dumps(result), flush=True)
        if result["ended"] != 0:
            break


if __name__ == "__main__":
    main()

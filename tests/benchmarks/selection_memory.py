"""What choosing costs the client: memory and processor time of a vote over many long samples, through the front door.

    python tests/benchmarks/selection_memory.py [--samples 1000] [--tokens 40000] [--strategy weighted]

`soloist solve --answer` against a scripted server in another process. Every sample thinks so many tokens (four characters each)
and ends with some arithmetic and an answer of its own, so that no vote is settled early. The first run has a tenth of the
samples: memory that grows with their number shows in the difference. CPU is user and system time of the client alone.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

FIRST_WAVE, LARGEST_WAVE = 3, 64
"""As the specialist draws them."""
SECONDS = 3600


def main() -> None:
    """Print one line for each number of samples, and the cost of one more sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--tokens", type=int, default=40_000)
    parser.add_argument("--strategy", default="weighted")
    typed = parser.parse_args()
    tenth = max(1, typed.samples // 10)
    with tempfile.TemporaryDirectory(prefix="soloist-memory-") as folder:
        few = measured(Path(folder), tenth, typed.tokens, typed.strategy)
        many = measured(Path(folder), typed.samples, typed.tokens, typed.strategy)
    more = typed.samples - tenth
    print(
        f"one more sample: {(many[0] - few[0]) / more * 1024:.1f} KiB of memory, {(many[1] - few[1]) / more * 1000:.1f} ms of CPU"
    )


@contextlib.contextmanager
def served(folder: Path, samples: int, tokens: int) -> Iterator[str]:
    """A scripted server whose answers think so long."""
    thinking = " ".join(f"step {n}" for n in range(tokens))[: 4 * tokens]
    script = folder / f"script-{samples}.json"
    with script.open("w") as file:  # piece by piece: a child's peak memory begins with what its parent holds
        file.write('{"models": ["m"], "reply": [')
        first, wave = 0, FIRST_WAVE
        while first < samples:
            file.write(f'{", " * bool(first)}{{"chunk": 4000, "choices": [')
            for n in range(first, first + wave):
                text = f"So 3 * {n} = {3 * n}. \\boxed{{{n}}}"
                file.write(", " * (n > first) + json.dumps({"thinking": thinking, "text": text}))
            file.write("]}")
            first, wave = first + wave, min(2 * wave, LARGEST_WAVE)
        file.write("]}")
    server = subprocess.Popen([sys.executable, "-m", "soloist.testing", str(script)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def measured(folder: Path, samples: int, tokens: int, strategy: str) -> tuple[float, float]:
    """(peak memory in MiB, CPU seconds) of one run."""
    with served(folder, samples, tokens) as url:
        return _run(folder, url, samples, strategy)


def _run(folder: Path, url: str, samples: int, strategy: str) -> tuple[float, float]:
    statement = folder / "problem.md"
    statement.write_text("How many?\n")
    command = [str(Path(sys.executable).parent / "soloist"), "solve", str(statement), "--answer", "--json"]
    command += ["--strategy", strategy, "--samples", str(samples), "--specialist", f"{url}#m", "--max-seconds", str(SECONDS)]
    started = time.monotonic()
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    )
    assert child.stdout is not None
    report = json.loads(child.stdout.read())
    _, _, used = os.wait4(child.pid, 0)
    tally = report["steps"][0]["selection"]
    memory, cpu = used.ru_maxrss / 1024, used.ru_utime + used.ru_stime
    print(
        f"{strategy}: {tally['samples']} samples, {tally['voting']} voted, {tally['different']} answers: {memory:.0f} MiB, "
        f"{cpu:.1f} s of CPU, {time.monotonic() - started:.0f} s; {tally['why']}"
    )
    return memory, cpu


if __name__ == "__main__":
    main()

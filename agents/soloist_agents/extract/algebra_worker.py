"""The other side of `algebra`: a line `["a", "b"]` in, `true` or `false` out, until the input ends. Run as a script.

Only math-verify's LaTeX reader is used, a grammar that builds expressions. Its reader of plain expressions, which hands text to
`eval`, is not.
"""

import contextlib
import json
import logging
import os
import resource
import sys

MEMORY = 2 << 30
"""Bytes of address space."""
CPU_SECONDS = 600
"""For the life of the process; a new one is started when it is used up."""


def main() -> None:
    """Answer questions until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints is no answer
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        try:
            a, b = json.loads(line)
            answers.write("true\n" if equal(a, b) else "false\n")
        except Exception:
            answers.write("false\n")


def equal(a: str, b: str) -> bool:
    """Either way round: math-verify takes `x=5` for `5` in one of them only. Without its time limits, which are signals."""
    from math_verify import LatexExtractionConfig, parse, verify  # type: ignore[import-untyped]  # ships no types

    reader = [LatexExtractionConfig()]
    one, two = (
        parse(f"${text}$", extraction_config=reader, fallback_mode="no_fallback", parsing_timeout=None) for text in (a, b)
    )
    if not one or not two:
        return False
    return bool(verify(one, two, timeout_seconds=None) or verify(two, one, timeout_seconds=None))


if __name__ == "__main__":
    main()

"""A pytest check inside its own process: import path and arguments as `pytest` has them, the report, then the canary.

Of a run that is to be evidence, the report has a first and a last line by the witness.
"""

import importlib
import json
import os
import sys
from typing import Any, Final

from .workspace import ROOT

_SCRIPT: Final = "/usr/local/bin/pytest"
_FIRST_USED: Final = (
    *("_pytest._argcomplete", "difflib", "email.message", "email.parser", "faulthandler", "importlib.metadata", "pdb", "pprint"),
    *("random", "secrets", "tempfile"),
)
"""What a run of pytest imports late: in process 1 once, rather than in every fork."""
_OPTIONS: Final = ("-o", "cache_dir=/tmp/.pytest_cache")
"""The plugin for caches stays on: `-p no:cacheprovider` makes pytest refuse `--lf`, and `cache_dir` in a strict configuration."""
_PASSED_ON: Final = (
    "args",
    "as_module",
    "ids",
    "fail_fast",
    "trace",
    "canary",
    "brief",
    "warm",
    "seconds",
    "test_seconds",
    "nudge",
    "files",
)


def preload() -> bool:
    """Import all that a run needs, from the image, into process 1, which runs no foreign code. False: it was done."""
    if "pytest" in sys.modules:
        return False
    from _pytest.config import default_plugins

    for name in ("pytest", *(f"_pytest.{name}" for name in default_plugins), *_FIRST_USED):
        importlib.import_module(name)
    for name in ("canary", "pytest_plugin", "stopwatch", "witness"):
        importlib.import_module(f"{__package__}.{name}")
    return True


def taken() -> set[str]:
    """Names of modules that the broker has imported: a job's own of the same name would be hidden by them."""
    return {name.partition(".")[0] for name in sys.modules} - set(sys.builtin_module_names) - {"__main__"}


def shadowed() -> bool:
    """Whether the workspace has modules whose names are `taken`: it may be pytest itself, or bring a `queue.py`.

    Then a preloaded pytest would hide them, and the check gets a new interpreter.
    """
    names_taken = taken()
    for folder, folders, files in os.walk(ROOT):
        if "__init__.py" in files:  # a package's modules have longer names
            continue
        names = {name[:-3] for name in files if name.endswith(".py")}
        names |= {name for name in folders if os.path.exists(f"{folder}/{name}/__init__.py")}
        if names & names_taken:
            return True
    return False


def packed(job: dict[str, Any]) -> bytes:
    """What a new interpreter must know of the job."""
    return json.dumps({name: job[name] for name in _PASSED_ON}).encode()


def import_path(job: dict[str, Any], added: list[str], standard: list[str]) -> list[str]:
    """sys.path as `python -m pytest` or `pytest` start with it; `added` is what PYTHONPATH holds."""
    first = ROOT if job["as_module"] else os.path.dirname(_SCRIPT)
    return [first, *added, *(folder for folder in standard if folder not in added)]


def run(job: dict[str, Any], descriptor: int) -> int:
    """Run the check, write the report to the descriptor, and return pytest's exit code."""
    import pytest

    from . import canary, witness
    from .pytest_plugin import Channel, Reporter
    from .stopwatch import Stopwatch

    sys.argv = [os.path.join(os.path.dirname(pytest.__file__), "__main__.py") if job["as_module"] else _SCRIPT, *job["args"]]
    channel = Channel(descriptor)
    reporter = Reporter(channel, job["ids"], fail_fast=job["fail_fast"], brief=job["brief"])
    if job["trace"]:
        from .spectrum import Tracer

        tracer = Tracer(channel, reporter, stop_after=job["nudge"])
        plugins: list[Any] = [reporter, tracer, Stopwatch(min(job["test_seconds"], job["seconds"] / 4), give_up=tracer.emit)]
    else:
        plugins = [reporter, Stopwatch(job["test_seconds"], give_up=lambda: None)]
    if job["canary"]:
        witness.install(descriptor, [path for path, _ in job["files"]])
        plugins.append(witness.Witness())
    collect_only = ("--collect-only",) if job["warm"] else ()
    code = int(pytest.main([*_OPTIONS, *collect_only, *job["args"]], plugins=plugins))
    channel.send({"t": "end", "exit": code})
    if job["canary"]:
        channel.send({"t": "canary", "caught": canary.caught()})
        sys.audit("soloist.end")
    return code

"""The public suite's limits on our backends, and what Docker's can do besides."""

import pytest
from soloist_sandbox.contract import Limits, Session
from soloist_sandbox.contract_suite import TestLimits

from .conftest import python

__all__ = ["TestLimits"]


async def test_memory_is_counted_together(session: Session, engine: str) -> None:
    """Under Docker all processes of a job share one limit."""
    if engine != "docker":
        pytest.skip("bubblewrap bounds each process")
    many = """import os, time
for _ in range(8):
    if os.fork() == 0:
        x = b"x" * (48 << 20)
        time.sleep(5)
for _ in range(8): os.wait()
"""
    together = await session.run(python(many), limits=Limits(seconds=20, memory_mb=64, disk_mb=8))
    assert (together.limit, together.exit_code) == ("memory", None)

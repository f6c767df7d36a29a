"""Whatever the model servers do, a run ends solved or with a clear report, in time, and claims nothing that was not proved.

Each fault once at one call, and each for good from one call on, so that every call position is met by several faults. All faults
at all positions: tests/benchmarks/faults.py.
"""

from pathlib import Path

import pytest

from tests.conftest import MakeRepository
from tests.stories import delegation as shop
from tests.stories.faults import FAULTS, POSITIONS, broken_promises, run_with

pytestmark = pytest.mark.usefixtures("any_sandbox")
PASSING = ("slow first byte", "slow drip")
"""What is no fault for a patient client."""


@pytest.mark.parametrize(("position", "name"), [(1 + n % len(POSITIONS), name) for n, name in enumerate(FAULTS)])
async def test_a_fault_that_passes_is_survived(position: int, name: str, repository: MakeRepository, tmp_path: Path) -> None:
    """The call is made again and the story ends as it should; a fault that is no answer at all costs at most its step."""
    ended = await run_with(repository(shop.FILES), tmp_path / "state", FAULTS[name], position, forever=False)
    assert broken_promises(ended) == []
    assert ended.report.solved


@pytest.mark.parametrize(
    ("position", "name"), [(len(POSITIONS) - n % len(POSITIONS), name) for n, name in enumerate(FAULTS) if name not in PASSING]
)
async def test_a_fault_that_stays_ends_the_run_clearly(
    position: int, name: str, repository: MakeRepository, tmp_path: Path
) -> None:
    """In time, with the reason in one line, without a claim, and with what was verified before."""
    ended = await run_with(repository(shop.FILES), tmp_path / "state", FAULTS[name], position, forever=True)
    assert broken_promises(ended) == []
    assert not ended.report.solved

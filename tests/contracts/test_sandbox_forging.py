"""No program is judged as passed for anything but doing the work."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from soloist_sandbox.contract import Limits, Outcome, PytestCheck, Session
from soloist_sandbox.integrity import judge

from .conftest import CHECK, AnySandbox
from .forgeries import CALC, CRUDE, FIXED, FOOLING, HONEST, TESTS

LIMITS = Limits(seconds=10, memory_mb=256, disk_mb=16, processes=64)
CALC_CHECK = PytestCheck(args=("-q", "test_calc.py"))


@pytest.fixture
async def forge(sandbox: AnySandbox, tmp_path: Path) -> AsyncIterator[Session]:
    """A session over a `calc.py` whose `add` is wrong, and the tests that the forgeries are made for."""
    for name, text in {"calc.py": CALC, **TESTS}.items():
        (tmp_path / name).write_text(text)
    session = await sandbox.open(tmp_path, limits=LIMITS)
    yield session
    await session.close()


async def forged(session: Session, candidates: dict[str, tuple[PytestCheck, str]]) -> dict[str, tuple[Outcome, Outcome]]:
    """Outcomes before and after each change."""
    turn = asyncio.Semaphore(4)

    async def run(check: PytestCheck, source: str | None) -> Outcome:
        async with turn:
            return await session.run(check, changes={"calc.py": source.encode()} if source is not None else {})

    checks = {check.args: check for check, _ in candidates.values()}
    before = dict(zip(checks, await asyncio.gather(*(run(check, None) for check in checks.values())), strict=True))
    after = await asyncio.gather(*(run(*candidate) for candidate in candidates.values()))
    return {name: (before[check.args], outcome) for (name, (check, _)), outcome in zip(candidates.items(), after, strict=True)}


def on(file: str) -> PytestCheck:
    """The check of one file of tests."""
    return PytestCheck(args=("-q", file))


async def test_crude_forgeries_never_pass(forge: Session) -> None:
    """No program is judged as passed for exiting with 0, skipping, patching pytest, or claiming that it passed."""
    for name, (before, after) in (await forged(forge, {name: (CALC_CHECK, s) for name, s in CRUDE.items()})).items():
        judgement = judge(CALC_CHECK, before, after)
        assert not judgement.passed, (name, judgement, after)
        assert judgement.level == "unverified"


async def test_forgeries_that_fool_pytest_never_pass(forge: Session) -> None:
    """Where pytest itself is made to say that all is well, evidence is still not had."""
    candidates = {name: (on(file), source) for name, (file, source) in FOOLING.items()}
    for name, (before, after) in (await forged(forge, candidates)).items():
        judgement = judge(candidates[name][0], before, after)
        assert not judgement.passed, (name, judgement, after)
        assert judgement.level == "unverified"


async def test_forgeries_do_fool_pytest(forge: Session) -> None:
    """Those forgeries are real: where nobody watches, pytest reports every test as passed and ends with 0."""
    for file in TESTS:
        variants = {name: source.encode() for name, (made_for, source) in FOOLING.items() if made_for == file}
        changes = [{"calc.py": source} for source in variants.values()]
        async for seen in forge.screen(on(file), changes):
            name = list(variants)[seen.index]
            assert seen.exit_code == 0, (name, seen)
            assert seen.report is not None
            assert {test.status for test in seen.report.tests} == {"passed"}, (name, seen)


@pytest.mark.parametrize("source", [FIXED.replace("return a + b", "return a + b if a is not None else int('')"), HONEST])
async def test_honest_work_passes(forge: Session, source: str) -> None:
    """What really works is judged as tested, also when it logs, inspects signatures and compares in its own way."""
    candidates = {file: (on(file), source) for file in TESTS}
    for file, (before, after) in (await forged(forge, candidates)).items():
        judgement = judge(on(file), before, after)
        assert judgement.passed, (file, judgement, after)
        assert judgement.level == "tested"
        assert after.report is not None
        assert not after.report.meddling


async def test_what_a_file_did_before_is_not_held_against_it(forge: Session) -> None:
    """A file that looked at the stack before the change may do so after it; one that begins to is refused."""
    looking = "import sys\nCALLER = sys._getframe().f_back\n"
    check = on("test_calc.py")
    fixed = {"calc.py": (looking + FIXED).encode()}
    before = await forge.run(check, changes={"calc.py": (looking + CALC).encode()})
    assert judge(check, before, await forge.run(check, changes=fixed)).passed
    judgement = judge(check, await forge.run(check), await forge.run(check, changes=fixed))
    assert not judgement.passed
    assert judgement.why == "the candidate meddles with what judges it: calc.py looks at the stack"


async def test_hang_in_the_baseline(session: Session) -> None:
    """When a test never ends before the change, the ids of all tests are known nevertheless, and a fix can be judged."""
    hang = CALC.replace("return a - b", "\n    while True: pass").encode()
    outcome = await session.run(CHECK, changes={"calc.py": hang}, limits=Limits(seconds=2))
    assert outcome.limit == "seconds"
    assert outcome.report is not None
    assert not outcome.report.complete
    assert [test.status for test in outcome.report.tests] == ["failed", "error"]
    fixed = await session.run(CHECK, changes={"calc.py": FIXED.encode()})
    assert judge(CHECK, outcome, fixed).level == "tested"
    assert judge(CHECK, outcome, fixed).why == "2 tests passed, the same as before; 2 of them failed before the change"

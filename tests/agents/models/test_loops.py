"""Loops are cut, honest repetition is not."""

import random
import time
from pathlib import Path

import pytest
from soloist_agents.models.loops import LoopDetector

CHANCE = random.Random(3)  # noqa: S311 - always the same
LOOPS = {
    "one sign": "=" * 40_000,
    "one word": "wait " * 8_000,
    "a sentence": "But let me check that once more, since I may have made a mistake. " * 600,
    "a paragraph": "".join(f"Step {i}: we try x = {i * 7 % 97} and see that it does not work.\n" for i in range(40)) * 30,
    "not Latin": "その値をもう一度確認します。" * 1_000,
    "two sentences in no fixed order": "".join(
        CHANCE.choices(["Wait, that is not right at all. ", "Let me compute this again from the start. "], k=3_000)
    ),
}
HONEST = {
    "a list of similar equations": "\n".join(f"f({i}) = {i}^2 + 1 = {i * i + 1}" for i in range(5_000)),
    "a table": "\n".join(f"| {i:5d} | {i % 7} | {i * 31 % 1009:6d} | yes |" for i in range(3_000)),
    "counting": " ".join(map(str, range(20_000))),
    "code of one kind": "\n".join(
        f"    def test_case_{i}(self):\n        self.assertEqual(solve({i}), {i * i})\n" for i in range(1_000)
    ),
    "an enumeration with a fixed verdict": "\n".join(f"n = {i}: not prime, so we go on." for i in range(101, 4_000)),
    "a grid": "\n".join("".join(CHANCE.choices("#.", k=60)) for _ in range(600)),
    "a zero matrix": "\n".join(["0 " * 45] * 45),
    "an answer that quotes its draft twice": Path(__file__).read_text() * 3,
    "a long rule and padding": f"{'-' * 2_000}\n{' ' * 2_000}\nTotal: 3\n{'-' * 2_000}",
}


@pytest.mark.parametrize("pieces", [1, 7, 4_096])
@pytest.mark.parametrize("kind", LOOPS)
def test_loop(kind: str, pieces: int) -> None:
    """A text that says nothing new is found to loop before 40,000 bytes of it have come, in pieces of any size."""
    text = "Let us begin with something else. " * 3 + LOOPS[kind]
    detector = LoopDetector()
    assert any(detector.feed(text[start : start + pieces]) for start in range(0, min(len(text), 40_000), pieces))


@pytest.mark.parametrize("pieces", [7, 4_096])
@pytest.mark.parametrize("kind", HONEST)
def test_honest(kind: str, pieces: int) -> None:
    """A text in which every passage has something new, or is only quoted, is left alone."""
    text = HONEST[kind]
    detector = LoopDetector()
    assert not any(detector.feed(text[start : start + pieces]) for start in range(0, len(text), pieces))


def test_recorded_traces_are_no_loops() -> None:
    """No recorded output of a real model is taken for a loop, nor are the samples of one problem after another."""
    recorded = Path(__file__).parents[3].parent / "shared" / "data"
    files = sorted(recorded.glob("*_cot/samples.jsonl")) + sorted(recorded.glob("math_qwen8/samples.jsonl"))
    if not files:
        pytest.skip("no recorded outputs here")
    for line in (line for file in files for line in file.read_text().splitlines()):
        assert not LoopDetector().feed(line), line[:200]


def test_cheap() -> None:
    """A million characters in pieces of four cost less than half a second, a loop or not."""
    text = HONEST["a list of similar equations"] * 8
    start = time.process_time()
    detector = LoopDetector()
    for place in range(0, 1_000_000, 4):
        detector.feed(text[place : place + 4])
    assert time.process_time() - start < 0.5

"""Does the extractor get exactly what was recorded, from real outputs of models?

    python tests/benchmarks/extraction.py --data FOLDER [--json OUT]

"raw": the set holds what the model wrote, and the recorded answer or program is to be found in it. "wrapped": the set holds only
programs; each is wrapped in ways that models write, and exactly the program must come out (but for blank lines at its ends and
carriage returns).
No label is used to extract: only the text and, for programs, the name that the task asks for. "extractable" is what a careful
reader could extract: the program parses and defines that name, the answer was written before the text was cut. The others are
counted by reason, and listed in the JSON.
"""

import argparse
import ast
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soloist_agents.extract import boxed_answer, final_answer, python_program, same_answer, stated_answer
from soloist_agents.extract.names import defines
from soloist_tools.parsing import parsed

DRAFT = "Try:\n```python\ndef draft():\n    pass\n```\nNo, better so."
WRAPS: dict[str, Callable[[str], str]] = {
    "bare": "{}".format,
    "fence": "```python\n{}\n```".format,
    "fence, no language": "```\n{}\n```\n".format,
    "fence, no end": "Here it is.\n\n~~~py\n{}".format,
    "fence in a list": lambda program: "1. The solution:\n\n" + _indented(f"```python\n{program}\n```") + "\n2. Done.\n",
    "prose and fence": "We sort.\n\n```python\n{}\n```\n\nIt prints:\n\n```\n[1, 2]\n```\n\nComplexity: O(n log n).\n".format,
    "prose and bare": "Here is the function you asked for.\n\n{}\n\nThis runs in linear time, since it looks once.\n".format,
    "thinking": ("<think>" + DRAFT + "</think>The program:\n\n```python\n{}\n```\n<|im_end|>").format,
}


@dataclass
class Row:
    """One set read in one way."""

    name: str
    recorded: int = 0
    extractable: int = 0
    exact: int = 0
    rest: Counter[str] = field(default_factory=Counter)
    """Not extractable, by reason."""
    missed: list[str] = field(default_factory=list)
    """Extractable, and yet something else came out."""
    listed: list[str] = field(default_factory=list)
    """Ids of the rest."""
    seconds: float = 0.0

    def note(self, item: str, unreadable: str, exact: bool) -> None:
        """Count one. `unreadable` says why no reader could extract it."""
        self.recorded += 1
        if unreadable:
            self.rest[unreadable] += 1
            self.listed.append(f"{item}: {unreadable}")
            return
        self.extractable += 1
        self.exact += exact
        if not exact:
            self.missed.append(item)


def main() -> None:
    typed = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    typed.add_argument("--data", type=Path, required=True, help="folder of the evaluation material (no part of this repository)")
    typed.add_argument("--json", type=Path, metavar="OUT", help="write the rows, with the ids of the rest")
    options = typed.parse_args()
    rows = list(measured(options.data.resolve()))
    print(f"{'set':<44}{'recorded':>9}{'extractable':>12}{'exact':>7}{'share':>8}{'ms each':>9}")
    for row in rows:
        share = f"{row.exact / row.extractable:.1%}" if row.extractable else "-"
        each = 1000 * row.seconds / max(1, row.recorded)
        print(f"{row.name:<44}{row.recorded:>9}{row.extractable:>12}{row.exact:>7}{share:>8}{each:>9.2f}")
        for reason, count in row.rest.items():
            print(f"    not extractable, {reason}: {count}")
        for item in row.missed[:20]:
            print(f"    missed: {item}")
    if options.json:
        options.json.write_text(json.dumps([vars(row) for row in rows], indent=1))


def measured(data: Path) -> Iterator[Row]:
    """All sets that are there."""
    yield boxes(data)
    yield agreeing(data)
    yield stated(data)
    yield sections(data)
    yield raw_programs("svamp_pot30: programs, raw", svamp(data))
    yield raw_programs("gsm8k_candidates: programs, raw", gsm8k_programs(data))
    for name, source in (("humaneval_codet100", codet), ("humaneval_multimodel", multimodel), ("mbpp_multimodel", multimodel)):
        programs = list(source(data, name))
        for way, wrap in WRAPS.items():
            yield wrapped(f"{name}: wrapped, {way}", programs, wrap)


def boxes(data: Path) -> Row:
    """The last box, beside the answer that the source's own extractor recorded."""
    row = Row("math_qwen8: boxes, raw")
    for item, text, recorded in _mathematics(data):
        got = _timed(row, _box, text)
        row.note(item, "", got == recorded)
    return row


def agreeing(data: Path) -> Row:
    """Is the recorded answer equivalent to the reference exactly where the source's verdict says so?"""
    row = Row("math_qwen8: equivalence against the verdict")
    for line in rows_of(data / "math_qwen8" / "samples.jsonl"):
        for number, (answer, correct) in enumerate(zip(line["pred"], line["correct"], strict=True)):
            got = _timed(row, same_answer, answer, line["answer"])
            row.note(f"{line['id']}/{number} {answer} ~ {line['answer']}: recorded {correct}", "", got == correct)
    return row


def stated(data: Path) -> Row:
    """`A: 18` in the texts of fine-tuned models."""
    row = Row("gsm8k_candidates: answers, raw")
    for line in rows_of(data / "gsm8k_candidates" / "samples.jsonl"):
        for one in line["candidates"]:
            if one["system"].startswith("codex"):
                continue
            final = _timed(row, _stated, one["text"])
            reason = "" if "A:" in one["text"] else "the text was cut before it stated an answer"
            exact = final is not None and one["value"] is not None and same_answer(final, repr(one["value"]))
            row.note(f"{line['id']} {one['system']}: {final} for {one['value']}", reason, exact)
            if reason and final is not None:
                row.missed.append(f"{line['id']} {one['system']}: found {final} where nothing is stated")
    return row


def sections(data: Path) -> Row:
    """`[ANSWER]` sections that hold an assertion; its left or right side is the recorded answer."""
    row = Row("cruxeval_cot: sections, raw")
    for line in rows_of(data / "cruxeval_cot" / "samples.jsonl"):
        for one in line["traces"]:
            section = _timed(row, _stated, one["text"])
            got = _side(section or "", right=one["task"] == "output-cot")
            reason = "" if "[ANSWER]" in one["text"] else "the trace was cut before its answer"
            if not reason and got is None and not _sound(one["answer"]):
                reason = "the recorded answer is no Python expression"
            row.note(f"{line['id']} {one['model']} {one['task']}: {got} for {one['answer']}", reason, got == one["answer"])
    return row


def raw_programs(name: str, programs: Iterator[tuple[str, str]]) -> Row:
    """Programs as a completion model wrote them."""
    row = Row(name)
    for item, text in programs:
        got = _timed(row, _program, text)
        reason = "" if _sound(text) else "it does not parse"
        row.note(item, reason, _plain(got) == _plain(text))
    return row


def wrapped(name: str, programs: list[tuple[str, str, str]], wrap: Callable[[str], str]) -> Row:
    """Programs put back into the text they might have come in."""
    row = Row(name)
    for item, entry, program in programs:
        got = _timed(row, _program, wrap(program), entry)
        reason = "" if _sound(program) else "it does not parse"
        reason = reason or ("" if defines(parsed(program).body, entry) else "it does not define the name that was asked for")
        row.note(item, reason, _plain(got) == _plain(program))
    return row


def svamp(data: Path) -> Iterator[tuple[str, str]]:
    """(id, program)"""
    for line in rows_of(data / "svamp_pot30" / "samples.jsonl"):
        yield from ((f"{line['id']}/{number}", text) for number, text in enumerate(line["programs"]))


def gsm8k_programs(data: Path) -> Iterator[tuple[str, str]]:
    """(id, program)"""
    for line in rows_of(data / "gsm8k_candidates" / "samples.jsonl"):
        for one in line["candidates"]:
            if one["system"].startswith("codex"):
                yield f"{line['id']} {one['system']}", one["text"]


def codet(data: Path, name: str) -> Iterator[tuple[str, str, str]]:
    """(id, entry point, program): the prompt and each recorded body."""
    for line in rows_of(data / name / "samples.jsonl"):
        for number, body in enumerate(line["solutions"]):
            yield f"{line['task_id']}/{number}", line["entry_point"], line["prompt"] + body


def multimodel(data: Path, name: str) -> Iterator[tuple[str, str, str]]:
    """(id, entry point, program)"""
    for line in rows_of(data / name / "samples.jsonl"):
        for one in line["candidates"]:
            yield f"{line['task_id']} {one['system']}", line["entry_point"], one["program"]


def _box(text: str) -> str | None:
    return boxed_answer(final_answer(text) or "")


def _stated(text: str) -> str | None:
    return stated_answer(final_answer(text) or "")


def _program(text: str, name: str | None = None) -> str | None:
    return python_program(final_answer(text) or "", name)


def _mathematics(data: Path) -> Iterator[tuple[str, str, str]]:
    for line in rows_of(data / "math_qwen8" / "samples.jsonl"):
        for number, (text, recorded) in enumerate(zip(line["samples"], line["pred"], strict=True)):
            yield f"{line['id']}/{number}", text, recorded


def rows_of(file: Path) -> list[dict[str, Any]]:
    """The lines of a JSON-lines file. Ends the program with a line where there is none."""
    if not file.is_file():
        raise SystemExit(f"there is no {file}; name the folder of the evaluation material with --data")
    return [json.loads(line) for line in file.read_text().splitlines()]


def _timed(row: Row, work: Callable[..., Any], *given: Any) -> Any:
    start = time.perf_counter()
    result = work(*given)
    row.seconds += time.perf_counter() - start
    return result


def _sound(program: str) -> bool:
    try:
        return bool(parsed(program).body)
    except ValueError:
        return False


def _side(assertion: str, *, right: bool) -> str | None:
    """One side of the assertion's comparison, as written."""
    try:
        test = parsed(assertion).body[0]
    except (ValueError, IndexError):
        return None
    if not isinstance(test, ast.Assert) or not isinstance(test.test, ast.Compare):
        return None
    return ast.get_source_segment(assertion, test.test.comparators[0] if right else test.test.left)


def _plain(program: str | None) -> str | None:
    """Without blank lines at the ends, lines ending in a line feed."""
    if program is None:
        return None
    lines = program.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[filled[0] : filled[-1] + 1]) if filled else ""


def _indented(text: str) -> str:
    return "".join("   " + line + "\n" if line else "\n" for line in text.split("\n"))


if __name__ == "__main__":
    main()

"""What the host makes of the bytes that come out of a container."""

import asyncio
import hashlib
import json

import pytest
from soloist_sandbox.image import frames
from soloist_sandbox.report import parse_report
from soloist_sandbox.wire import ContainerLost, Finished, SetupError, read_finished

TEST = {"t": "test", "id": "a.py::x", "status": "passed", "seconds": 0.5, "message": "", "frames": [["a.py", 3, "x"]]}
END = {"t": "end", "exit": 0}
CANARY = {"t": "canary", "caught": True}
SEALED = {"t": "sealed", "hash": hashlib.sha256(b"secret").hexdigest()}
WITNESS = {"t": "witness", "secret": "secret", "returned": ["a.py::x"]}


def lines(*events: object) -> bytes:
    """Events as a job writes them."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def test_whole_report() -> None:
    """A report with its end and its canary is complete."""
    spectrum = {"t": "spectrum", "path": "a.py", "lines": [[1, 2, 3]]}
    report = parse_report(
        lines(
            SEALED, {"t": "collected", "ids": ["a.py::x"]}, {"t": "start", "id": "a.py::x"}, TEST, END, spectrum, CANARY, WITNESS
        )
    )
    assert (report.complete, report.exit_code, report.canary_caught) == (True, 0, True)
    assert [(test.id, test.status, test.seconds, test.frames[0].line) for test in report.tests] == [("a.py::x", "passed", 0.5, 3)]
    assert report.spectrum[0].lines[0].failed == 2


@pytest.mark.parametrize(
    "tail",
    [
        b"[" * 100_000 + b"\n",
        b"{\n",
        b"\xff\xfe\n",
        b"null\n",
        b"9" * 10_000 + b"\n",
        lines({"t": "unknown"}),
        lines({**TEST, "id": "b", "status": "brilliant"}),
        lines({**TEST, "id": "b", "seconds": -1}),
        lines({**TEST, "id": "b"}).replace(b"0.5", b"NaN"),
        lines({**TEST, "id": "b", "frames": [["a", "1", "f"]]}),
        lines({**TEST, "id": "b", "frames": [["a", 1 << 80, "f"]]}),
        lines({**TEST, "id": "b", "frames": [["a", 1, "f"]] * 51}),
        lines({**TEST, "id": "b", "more": 1}),
        lines({**TEST, "id": "\ud800"}),
        lines({"t": "end", "exit": "0"}),
        lines({"t": "canary", "caught": 1}),
        lines(TEST),
        b"cut off",
    ],
)
def test_nonsense_makes_it_incomplete(tail: bytes) -> None:
    """Whatever a job writes, reading never raises; what was understood before stays, and the report is not complete."""
    report = parse_report(lines(TEST) + tail + lines(END, CANARY))
    assert not report.complete
    assert not report.canary_caught
    assert report.exit_code is None
    assert report.ids() == ("a.py::x",)


def test_second_end_and_late_tests() -> None:
    """Nothing can be added after pytest's end."""
    assert not parse_report(lines(TEST, END, END)).complete
    assert not parse_report(lines(END, TEST)).complete
    assert not parse_report(lines(CANARY, TEST, END)).canary_caught


@pytest.mark.parametrize(
    "events",
    [
        (SEALED, TEST, END, CANARY),
        (TEST, SEALED, END, CANARY, WITNESS),
        (SEALED, SEALED, TEST, END, CANARY, WITNESS),
        (SEALED, TEST, END, CANARY, {**WITNESS, "secret": "guessed"}),
        (SEALED, TEST, CANARY, WITNESS),
        (SEALED, TEST, END, CANARY, WITNESS, WITNESS),
        (SEALED, TEST, END, CANARY, WITNESS, CANARY),
        (TEST, END, CANARY, WITNESS),
    ],
)
def test_evidence_has_a_seal_and_an_end(events: tuple[object, ...]) -> None:
    """What is evidence starts with a hash and ends with its secret; else the canary counts for nothing."""
    report = parse_report(lines(*events))
    assert not report.complete
    assert not report.canary_caught


def test_unwitnessed_canary() -> None:
    """A report without a seal is one of a screening: complete, and no evidence."""
    report = parse_report(lines(TEST, END, CANARY))
    assert report.complete
    assert not report.canary_caught


def test_unwitnessed_test() -> None:
    """A test that pytest reports as passed has failed when nobody saw its function return."""
    report = parse_report(lines(SEALED, TEST, {**TEST, "id": "a.py::y"}, END, CANARY, WITNESS))
    assert report.canary_caught
    assert (report.ids("passed"), report.ids("failed")) == (("a.py::x",), ("a.py::y",))
    assert "was not seen" in report.tests[1].message


def test_meddling() -> None:
    """What files did to the tests is told once each."""
    meddled = {"t": "meddled", "path": "a.py", "act": "looks at the stack", "laid": True}
    report = parse_report(lines(SEALED, meddled, meddled, TEST, END, CANARY, WITNESS))
    assert [(one.path, one.act, one.laid) for one in report.meddling] == [("a.py", "looks at the stack", True)]


def test_unfinished_tests_have_names() -> None:
    """After a crash, the test that ran and those that were to come are named; after a regular end nothing is added."""
    start = (lines({"t": "collected", "ids": ["a.py::x", "b", "c"]}, TEST, {"t": "start", "id": "b"}),)
    report = parse_report(*start)
    assert [(test.id, test.status) for test in report.tests] == [("a.py::x", "passed"), ("b", "failed"), ("c", "error")]
    assert "while this test was running" in report.tests[1].message
    assert parse_report(start[0] + lines(END)).ids() == ("a.py::x",)


def test_empty() -> None:
    """No report at all is an incomplete one."""
    assert not parse_report(b"").complete


RESULT = frames.Result(0, 0, 0, 1.5, 0.5, 2048, 1, 1, 1, 0)


def answer(kind: int, body: bytes, magic: bytes = frames.MAGIC) -> bytes:
    """An answer as the broker sends it."""
    return frames.ANSWER.pack(magic, kind, len(body)) + body


def read(data: bytes) -> Finished:
    """What the host reads from these bytes."""

    async def reading() -> Finished:
        stream = asyncio.StreamReader()
        stream.feed_data(data)
        stream.feed_eof()
        return await read_finished(stream.readexactly, 100)

    return asyncio.run(reading())


def test_answer() -> None:
    """An answer carries its result and its parts."""
    found = read(answer(frames.DONE, RESULT.pack() + b"abc"))
    assert (found.result, found.stdout, found.stderr, found.report, found.files) == (RESULT, b"a", b"b", b"c", b"")


@pytest.mark.parametrize(
    "data",
    [
        answer(frames.DONE, RESULT.pack() + b"abc", magic=b"HTTP"),
        frames.ANSWER.pack(frames.MAGIC, frames.DONE, 1 << 40),
        answer(frames.READY, b""),
        answer(frames.DONE, b"short"),
        answer(frames.DONE, RESULT.pack() + b"ab"),
        answer(frames.DONE, RESULT.pack() + b"abcd"),
        answer(frames.DONE, RESULT._replace(limit=99).pack() + b"abc"),
    ],
)
def test_no_answer(data: bytes) -> None:
    """Anything else on the broker's stream means that the sandbox is lost."""
    with pytest.raises(ContainerLost):
        read(data)


def test_failed_and_refused() -> None:
    """A job that never started is the sandbox's fault, one that asks for what can't be done the client's."""
    with pytest.raises(SetupError, match="no room"):
        read(answer(frames.FAILED, b"no room"))
    with pytest.raises(ValueError, match="not in the workspace"):
        read(answer(frames.REFUSED, b"not in the workspace"))

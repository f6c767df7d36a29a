"""What the host makes of the bytes that come out of a container."""

import asyncio
import json

import pytest
from soloist_sandbox.report import parse_report
from soloist_sandbox.wire import HEADER, MAGIC, MAX_META, ContainerLost, Done, header, read_reply

TEST = {"t": "test", "id": "a.py::x", "status": "passed", "seconds": 0.5, "message": "", "frames": [["a.py", 3, "x"]]}
END = {"t": "end", "exit": 0}
CANARY = {"t": "canary", "caught": True}


def lines(*events: object) -> bytes:
    """Events as a job writes them."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def test_whole_report() -> None:
    """A report with its end and its canary is complete."""
    spectrum = {"t": "spectrum", "path": "a.py", "lines": [[1, 2, 3]]}
    report = parse_report(
        lines({"t": "collected", "ids": ["a.py::x"]}, {"t": "start", "id": "a.py::x"}, TEST, END, spectrum, CANARY)
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


DONE = {
    "op": "done",
    "status": 0,
    "limit": None,
    "seconds": 1,
    "resident_kb": 1,
    "truncated": False,
    "dirty": False,
    "sizes": [1, 1, 1],
}


def reply(data: bytes) -> Done:
    """What the host reads from these bytes."""

    async def read() -> Done:
        stream = asyncio.StreamReader()
        stream.feed_data(data)
        stream.feed_eof()
        found = await read_reply(stream.readexactly, 100)
        assert isinstance(found.answer, Done)
        assert found.parts() == (b"a", b"b", b"c")
        return found.answer

    return asyncio.run(read())


def test_answer() -> None:
    """An answer carries its three parts."""
    assert reply(header(DONE, 3) + b"abc").seconds == 1


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP" + bytes(20),
        HEADER.pack(MAGIC, MAX_META + 1, 0),
        HEADER.pack(MAGIC, 2, 101) + b"{}",
        HEADER.pack(MAGIC, 50_000, 0) + b"[" * 50_000,
        header({"op": "done"}, 0),
        header({**DONE, "limit": "patience"}, 3) + b"abc",
        header({**DONE, "sizes": [1, 1, 2]}, 3) + b"abc",
        header({**DONE, "sizes": [-1, 1, 3]}, 3) + b"abc",
        header({**DONE, "extra": 1}, 3) + b"abc",
    ],
)
def test_no_answer(data: bytes) -> None:
    """Anything else on the runner's stream means that the sandbox is lost."""
    with pytest.raises(ContainerLost):
        reply(data)

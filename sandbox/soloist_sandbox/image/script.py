"""A program as `python program.py` runs it, in this process instead of a new interpreter: a fork is several times cheaper."""

import atexit
import gc
import io
import os
import signal
import sys
import types
import weakref
from typing import Any, Final, NoReturn

_FLUSH_FAILED: Final = 120
_NO_FILE: Final = 2


def run(path: str) -> NoReturn:
    """Run the file as `__main__` with descriptors 0 to 2 as its streams, end as Python ends, and leave the process."""
    code = 1
    try:
        _take_streams()
        before = set(sys.modules) - {"__main__"}
        code = _executed(path)
        code = _finished(before) or code
    finally:
        os._exit(code)


def _take_streams() -> None:
    sys.stdin = sys.__stdin__ = _stream(0, "r", "surrogateescape")  # type: ignore[misc] # final for all but an interpreter's start
    sys.stdout = sys.__stdout__ = _stream(1, "w", "surrogateescape")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(2, "w", "backslashreplace")  # type: ignore[misc]


def _stream(descriptor: int, mode: str, errors: str) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, mode, closefd=False)
    raw.name = f"<{('stdin', 'stdout', 'stderr')[descriptor]}>"
    buffered: Any = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    return io.TextIOWrapper(buffered, "utf-8", errors, newline="\n", line_buffering=descriptor == 2)


def _executed(path: str) -> int:
    file = os.path.abspath(path)
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = [path]
    sys.path.insert(0, os.path.dirname(file))
    main.__dict__.update(__file__=file, __builtins__=sys.modules["builtins"], __cached__=None, __annotations__={})
    try:
        with open(file, "rb") as source:
            text = source.read()
    except OSError as error:
        print(f"can't open file {path!r}: {error.strerror}", file=sys.stderr)
        return _NO_FILE
    try:
        exec(compile(text, file, "exec", dont_inherit=True), main.__dict__)  # noqa: S102 - the very purpose, in the sandbox
    except SystemExit as left:
        return _exit_code(left.code)
    except BaseException as error:
        return _uncaught(error)
    return 0


def _exit_code(code: Any) -> int:
    """What Python makes of `sys.exit(code)`."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _uncaught(error: BaseException) -> int:
    own = error.__traceback__
    error = error.with_traceback(own.tb_next if own else None)
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException as another:
        sys.__excepthook__(type(another), another, another.__traceback__)
    if isinstance(error, KeyboardInterrupt):
        _flushed()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return 1


def _finished(before: set[str]) -> int:
    """Threads joined, exit functions called, globals let go, streams flushed: what an interpreter does at its end."""
    join_threads = getattr(sys.modules.get("threading"), "_shutdown", None)  # as Python has it: who has not imported it has none
    if join_threads is not None:
        join_threads()
    atexit._run_exitfuncs()
    code = _flushed()
    _let_go(before)
    return _flushed() or code


def _let_go(before: set[str]) -> None:
    """The program's modules go: files that nobody has closed are flushed, destructors run."""
    main = sys.modules.get("__main__")
    left = weakref.ref(main) if isinstance(main, types.ModuleType) else None
    files = [value for value in vars(main).values() if isinstance(value, io.IOBase)] if left else []
    _flush(*files)  # the collector may close a file before what buffers for it
    del files
    del main
    for name in set(sys.modules) - before:
        del sys.modules[name]
    gc.collect()
    if left is not None and (module := left()) is not None:
        module.__dict__.clear()


def _flushed() -> int:
    return _flush(sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)


def _flush(*streams: Any) -> int:
    """Returns an exit code."""
    code = 0
    for stream in streams:
        try:
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
        except BaseException:
            code = _FLUSH_FAILED
    return code

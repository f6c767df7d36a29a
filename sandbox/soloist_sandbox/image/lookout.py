"""The audit hook behind the witness: what it learns, what it tells, and the secret that ends the report.

Everything that the hook uses is bound to names inside functions, for what foreign code can reach by a name, it can replace.
"""

import _thread
import hashlib
import operator
import os
import sys
import types
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from types import CodeType, FrameType
from typing import Any, Final

from . import guarded
from .blame import UNKNOWN, is_test, make_blame
from .workspace import ROOT

_MOST: Final = 200
"""Different things told; who does more has been told enough of."""
_STACK, _OBJECTS, _TRACES = "looks at the stack", "looks through all objects", "traces the interpreter"
_LOOKS: Final = {
    "sys._getframe": ("_getframe", _STACK),
    "sys._current_frames": ("_current_frames", _STACK),
    "sys._current_exceptions": ("_current_exceptions", _STACK),
    "sys.settrace": ("settrace", _TRACES),
    "sys.setprofile": ("setprofile", _TRACES),
    "sys.addaudithook": ("addaudithook", _TRACES),
    "gc.get_objects": ("get_objects", _OBJECTS),
    "gc.get_referrers": ("get_referrers", _OBJECTS),
    "gc.get_referents": ("get_referents", _OBJECTS),
    "code.__new__": ("replace", "rewrites code"),
}
"""Event -> (how honest code of the library calls it, what it is in words)."""
_FRAMES: Final = frozenset({"tb_frame", "gi_frame", "cr_frame", "ag_frame"})
_IN_MEMORY: Final = frozenset({"ctypes", "_ctypes", "cffi", "_cffi_backend"})
_FILES: Final = frozenset({"open", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"})

Tell = Callable[[str | None, str], None]
Handler = Callable[[Any, FrameType], None]


def install(descriptor: int, laid: list[str], codes: set[CodeType]) -> None:
    """Write the report's first line, and look out from now on.

    The caller's caller is the only frame that may end the report, by `sys.audit("soloist.end")`. `laid`: paths of files that were
    laid over the workspace for this run. `codes`: of the functions that stand between pytest and a test.
    """
    secret = os.urandom(16).hex()
    main = sys._getframe(2)
    send = _sender(descriptor)
    changed = frozenset({*laid, UNKNOWN})
    tell = _teller(send, changed)
    handlers = _tally(send, tell, main, changed, codes, secret)
    handlers.update(_sights(tell))
    _hide()
    send(f'{{"t":"sealed","hash":"{hashlib.sha256(secret.encode()).hexdigest()}"}}')
    sys.addaudithook(_hook(handlers))


def _hook(handlers: dict[str, Handler]) -> Callable[[str, Any], None]:
    find, get_frame, get_ident, frames = handlers.get, sys._getframe, _thread.get_ident, _FRAMES
    of_ctypes = handlers["ctypes"]
    busy: set[int] = set()

    def hook(event: str, args: Any) -> None:
        if event == "object.__getattr__" and args[1] not in frames:  # by far the most frequent
            return
        handler = find(event) or (of_ctypes if event[:7] == "ctypes." else None)
        if handler is None or (thread := get_ident()) in busy:
            return
        busy.add(thread)
        try:
            handler(args, get_frame(1))
        finally:
            busy.discard(thread)

    return hook


def _sender(descriptor: int) -> Callable[[str], None]:
    """Writes a line, while the descriptor is still the pipe that it was."""
    write, fstat, error = os.write, os.fstat, OSError
    pipe = fstat(descriptor).st_ino

    def send(line: str) -> None:
        left = line.encode() + b"\n"
        try:
            while left and fstat(descriptor).st_ino == pipe:
                left = left[write(descriptor, left) :]
        except error:
            return

    return send


def _teller(send: Callable[[str], None], changed: frozenset[str]) -> Tell:
    """Says once, and at once, what a file has done: what is written can't be taken back."""
    told: set[tuple[str, str]] = set()
    escaped, is_tests, count, most = encode_basestring_ascii, is_test, len, _MOST

    def tell(path: str | None, act: str) -> None:
        if path is None or is_tests(path) or (path, act) in told or count(told) >= most:
            return
        told.add((path, act))
        mine = "true" if path in changed else "false"
        send(f'{{"t":"meddled","path":{escaped(path[:300])},"act":{escaped(act[:300])},"laid":{mine}}}')

    return tell


def _tally(
    send: Callable[[str], None], tell: Tell, main: FrameType, changed: frozenset[str], codes: set[CodeType], secret: str
) -> dict[str, Handler]:
    """Which tests have come to their end, and at the very end the line that says so."""
    escaped, root, unknown, check, is_genuine = (
        encode_basestring_ascii,
        f"{ROOT}/",
        UNKNOWN,
        _checker(tell),
        _identifier(tell, changed),
    )
    tools = guarded.tools()
    before = tools + guarded.replaced_by_tests()
    returned: dict[str, None] = {}
    running: list[Any] = [None, ""]

    def called_by_pytest(frame: Any) -> bool:
        """Nothing of the candidate's stands between."""
        while frame is not None and frame is not main:
            if frame.f_code.co_filename.removeprefix(root) in changed:
                return False
            frame = frame.f_back
        return frame is main

    def entered(args: Any, frame: FrameType) -> None:
        function, nodeid = args
        running[0] = None
        check(before)
        if frame.f_code not in codes or not called_by_pytest(frame):
            tell(unknown, "calls a test in pytest's place")
        elif is_genuine(function, nodeid):
            running[:] = [frame, nodeid]

    def has_returned(_args: Any, frame: FrameType) -> None:
        check(tools)
        if running[0] is frame:
            returned[running[1]] = None
        running[0] = None

    def end(_args: Any, frame: FrameType) -> None:
        if frame is main:
            check(before)
            send(f'{{"t":"witness","secret":"{secret}","returned":[{",".join([escaped(name) for name in returned])}]}}')

    return {"soloist.entered": entered, "soloist.returned": has_returned, "soloist.end": end}


def _checker(tell: Tell) -> Callable[[list[guarded.Guarded]], None]:
    every, each, same, both, unknown, gone = all, map, operator.is_, zip, UNKNOWN, KeyError

    def check(entries: list[guarded.Guarded]) -> None:
        for space, names, take, values in entries:
            try:
                if every(each(same, take(space), values)):
                    continue
            except gone:
                pass
            for (name, words), value in both(names.items(), values, strict=True):
                if space.get(name) is not value:
                    tell(unknown, f"changes {words}")

    return check


def _identifier(tell: Tell, changed: frozenset[str]) -> Callable[[Any, str], bool]:
    """Says whether a test's function is one that the candidate can't have written."""
    function_type, method_type, kind, of_kind, attribute = types.FunctionType, types.MethodType, type, isinstance, getattr
    root, unknown, base = f"{ROOT}/", UNKNOWN, os.path.basename

    def is_genuine(function: Any, nodeid: str) -> bool:
        while of_kind(function, method_type) or "__wrapped__" in attribute(function, "__dict__", ()):
            function = function.__func__ if of_kind(function, method_type) else function.__dict__["__wrapped__"]
        if kind(function) is not function_type:
            return True
        code: CodeType = function.__code__
        if base(code.co_filename) != base(nodeid.partition("::")[0]):
            return code.co_filename.removeprefix(root) not in changed
        other = function.__globals__.get(code.co_name)
        if code.co_name != nodeid.partition("[")[0].rpartition("::")[2] and attribute(other, "__code__", None) is code:
            tell(unknown, f"has {code.co_name} run for {nodeid}")
        return True

    return is_genuine


def _sights(tell: Tell) -> dict[str, Handler]:
    """What no honest program does to the tests that judge it."""
    blame, in_memory, root, unknown, kind, of_kind = make_blame(ROOT), _IN_MEMORY, f"{ROOT}/", UNKNOWN, type, isinstance
    named = _names_a_test()

    def looks(name: str, act: str) -> Handler:
        return lambda args, frame: tell(blame(frame, name), act)

    def frame_of(args: Any, frame: FrameType) -> None:
        tell(blame(frame, args[1]), "looks at the stack")

    def rewrites(args: Any, frame: FrameType) -> None:
        if args[1] == "__code__":
            tell(blame(frame, "__code__"), "rewrites code")

    def imports(args: Any, frame: FrameType) -> None:
        if args[0] in in_memory:
            of_ctypes(args, frame)

    def of_ctypes(args: Any, frame: FrameType) -> None:
        tell(blame(frame, "ctypes"), "reaches into memory with ctypes")

    def compiles(args: Any, frame: FrameType) -> None:
        if named(args[1]):
            tell(blame(frame, "compile"), "makes code that passes for a test's")

    def opens(args: Any, frame: FrameType) -> None:
        if named(args[0]) or named(args[1]):
            path = blame(frame, "")
            tell(None if path == unknown else path, "reads a file of tests, or the interpreter's memory")

    def shells(args: Any, frame: FrameType) -> None:
        if named(args[0]):
            tell(blame(frame, ""), "reads a file of tests, or the interpreter's memory")

    def enters_module(args: Any, frame: FrameType) -> None:
        name, space = args
        if (name[:2] != "__" or name == "__dict__") and not of_kind(space.get(name), kind):
            caller = frame.f_back
            if caller is not None and caller.f_code.co_filename.startswith(root):
                tell(blame(caller, ""), "reads or changes a module of tests")

    def lies(args: Any, frame: FrameType) -> None:
        (file,) = args
        path = file.removeprefix(root) if file.startswith(root) else None if "-packages/" in file else unknown
        tell(path, "has values that equal whatever they are compared with")

    found: dict[str, Handler] = {event: looks(*how) for event, how in _LOOKS.items()}
    found |= dict.fromkeys(_FILES, opens) | {"os.system": shells, "compile": compiles, "import": imports, "ctypes": of_ctypes}
    found |= {"object.__getattr__": frame_of, "object.__setattr__": rewrites}
    found |= {"soloist.test_module": enters_module, "soloist.liar": lies}
    return found


def _names_a_test() -> Callable[[Any], bool]:
    text, raw, several, of_kind, some = str, bytes, (list, tuple), isinstance, any

    def is_source(word: str) -> bool:
        name = word.rpartition("/")[2].lower()
        return ".py" in name and (name.startswith("test_") or "_test." in name or name.startswith("conftest."))

    def named(part: Any) -> bool:
        if of_kind(part, raw):
            part = part.decode("latin-1")
        if not of_kind(part, text):
            return of_kind(part, several) and some([named(one) for one in part])
        if part[:6] == "/proc/":
            return bool(part.endswith(("/mem", "/maps")))
        return some([is_source(word) for word in part.split()])

    return named


def _hide() -> None:
    """Our modules have no names any more, and who imports ctypes has to say so."""
    package = __name__.rpartition(".")[0]
    for name in list(sys.modules):
        if name.partition(".")[0] in (package, *_IN_MEMORY):
            del sys.modules[name]

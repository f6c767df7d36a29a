"""Calls of one function, in the very interpreter that holds it: what each gives is written out as it happens.

This process knows the arguments and never what is expected: whatever the code under test does to the interpreter, it can't find
out what it should have returned. What is written here is data for the judgement outside, and no judgement.

The module is loaded once for all calls; each call gets arguments of its own.
"""

import builtins
import importlib
import os
import sys
import types
from collections.abc import Callable
from importlib.machinery import ModuleSpec, SourceFileLoader
from json.encoder import encode_basestring_ascii
from os import _exit, getpid, write
from typing import Any, Final

from . import values

UNUSABLE: Final = 3
"""Exit code: the file could not be loaded, or holds no such function."""
_MESSAGE: Final = 2000
_CLASSES: Final = 30
_BUILT_IN: Final = {kind for kind in vars(builtins).values() if isinstance(kind, type)}
_BUILT_IN_NAMES: Final = frozenset(kind.__name__ for kind in _BUILT_IN)

_bases = type.__dict__["__mro__"].__get__
_name = type.__dict__["__name__"].__get__


def run(job: dict[str, Any], descriptor: int) -> int:
    """Load `job["path"]` from the working folder and make the calls; one line of JSON for each on the descriptor.

    Returns 0 when every call was made, however it ended; `UNUSABLE`, after a line that says why, when there is nothing to call.
    """
    lines = _Lines(descriptor)
    try:
        function = _found(_loaded(os.getcwd(), job["path"]), job["function"])
    except BaseException as error:  # also SystemExit, which a script without a guard may raise
        lines.send(_raised(error, "unusable"))
        _print(error)
        return UNUSABLE
    for positional, named in job["calls"]:
        lines.send(_made(function, positional, named))
    return 0


class _Lines:
    """Writes lines, from the process that it was made in alone: a call that forks has its loop go on twice."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._process = getpid()

    def send(self, line: str) -> None:
        if getpid() != self._process:
            _exit(0)
        left = memoryview(line.encode() + b"\n")
        while left:
            left = left[write(self._descriptor, left) :]


def _made(function: Callable[..., Any], positional: list[values.Node], named: dict[str, values.Node]) -> str:
    """One call, as a line."""
    try:
        arguments = [values.decode(node) for node in positional]
        value = function(*arguments, **{name: values.decode(node) for name, node in named.items()})
    except BaseException as error:
        return _raised(error, "raised")
    try:
        return f'{{"value":{values.encode(value)}}}'
    except values.NoLiteral as reason:
        return f'{{"opaque":{_quoted(str(reason))}}}'
    except BaseException as error:  # no memory left, or a signal's handler
        return f'{{"opaque":{_quoted(f"reading the value raised {values.type_name(type(error))}")}}}'


def _raised(error: BaseException, key: str) -> str:
    names = ",".join(map(_quoted, class_names(type(error))))
    return f'{{"{key}":[{names}],"message":{_quoted(_message(error))}}}'


def class_names(kind: type) -> list[str]:
    """A class and its bases, nearest first, without `object`. One that only bears a built-in's name is told apart from it."""
    found = []
    for base in _bases(kind)[:_CLASSES]:
        name = values.type_name(base)
        if base is not object:
            found.append(f"{name} (not the built-in)" if name in _BUILT_IN_NAMES and base not in _BUILT_IN else name)
    return found


def _message(error: BaseException) -> str:
    try:
        return str.__str__(str(error))
    except BaseException:
        return "its text could not be had"


def _quoted(text: str) -> str:
    return encode_basestring_ascii(text[:_MESSAGE].encode("utf-8", "backslashreplace").decode())


def _print(error: BaseException) -> None:
    """What Python would print, for the job's stderr."""
    try:
        sys.__excepthook__(type(error), error, error.__traceback__)
        sys.stderr.flush()
    except BaseException:  # the code under test has replaced what prints
        return


def _loaded(root: str, path: str) -> types.ModuleType:
    """The module, freshly compiled from its source: a bytecode file is not looked at. Raises what the module raises.

    Its name counts from the first folder above that is no package, as pytest has it; that folder is on the import path.
    """
    file = f"{root}/{path}"
    code = compile(_source(file), file, "exec", dont_inherit=True)
    folder, name = os.path.split(file.removesuffix(".py"))
    while os.path.exists(f"{folder}/__init__.py"):
        folder, parent = os.path.split(folder)
        name = f"{parent}.{name}"
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = name.removesuffix(".__init__")
    parent, _, child = name.rpartition(".")
    package = importlib.import_module(parent) if parent else None
    module = _module(name, file)
    sys.modules[name] = module
    exec(code, module.__dict__)  # noqa: S102 - the very purpose, in the sandbox
    if package is not None:
        setattr(package, child, module)
    return module


def _source(file: str) -> bytes:
    """Without Python's own files: a fork pays twice as much for those."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    size = os.fstat(descriptor).st_size
    source = os.read(descriptor, size)
    os.close(descriptor)
    if len(source) != size:
        raise OSError(f"{file} could be read in part only")
    return source


def _module(name: str, file: str) -> types.ModuleType:
    """As `importlib.util.module_from_spec` makes it of a Python file, at a third of the price."""
    if not file.endswith(".py"):
        raise ImportError(f"{file} is no Python file")
    loader = SourceFileLoader(name, file)
    spec = ModuleSpec(name, loader, origin=file)
    spec.has_location = True
    module = types.ModuleType(name)
    module.__spec__, module.__loader__, module.__file__ = spec, loader, file
    if file.endswith("/__init__.py"):
        module.__path__ = spec.submodule_search_locations = [os.path.dirname(file)]
    module.__package__ = spec.parent
    return module


def _found(module: types.ModuleType, name: str) -> Any:
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise AttributeError(f"there is no {name} in it") from None
    if not callable(found):
        raise TypeError(f"{name} is not callable: it is of type {values.type_name(type(found))}")
    return found

"""Values on their way out of a job and into it, as bounded JSON that keeps exact types.

    None, True, 3, "text"     null, true, 3, "text"       as they are; integers of more than 53 bits differ
    a large integer           ["i", "-1f…"]               hexadecimal
    float, complex            ["f", "0x1.8p+0"], ["c", real, imaginary]     as `float.hex` writes them, so also nan and inf
    bytes                     ["b", "00ff"]
    text with surrogates      ["u", "eda080"]             UTF-8 in hexadecimal: JSON would join two of them
    list, tuple, set, frozenset                           ["l", …], ["t", …], ["s", …], ["z", …]
    dict                      ["d", key, value, key, …]   in its own order

Nothing else is a literal: an object that says of itself that it equals everything never gets out. `encode` runs where the
candidate has run: it goes by the exact type and calls no method that a candidate can have written.
"""

from json.encoder import encode_basestring_ascii
from typing import Any, Final

DEPTH: Final = 90
"""Containers in containers. Python's own parser takes 200 brackets, of which a frozenset needs two."""
ITEMS: Final = 100_000
BYTES: Final = 1 << 20
"""Of JSON for one value."""
_NAME: Final = 100
_PLAIN_BITS: Final = 53
"""Integers that every JSON reader keeps exact."""

_name = type.__dict__["__name__"].__get__
_text = str.__str__

Node = Any
"""None | bool | int | str | list[Node], as above."""


class NoLiteral(ValueError):
    """The value can't leave as a literal. The text says why and names its type."""


def encode(value: object) -> str:
    """The value as one line of JSON. Raises `NoLiteral`."""
    writer = _Writer()
    try:
        writer.add(value, 0)
    except RecursionError:
        raise NoLiteral("the program has left too little of the stack to read its value") from None
    return "".join(writer.parts)


def decode(node: Node) -> Any:
    """A new object each time. For trusted nodes alone: it builds whatever it is told to. Raises `ValueError`, `TypeError`."""
    if not isinstance(node, list):
        return node
    tag, *rest = node
    match tag:
        case "i":
            return int(rest[0], 16)
        case "f":
            return float.fromhex(rest[0])
        case "c":
            return complex(float.fromhex(rest[0]), float.fromhex(rest[1]))
        case "b":
            return bytes.fromhex(rest[0])
        case "u":
            return bytes.fromhex(rest[0]).decode("utf-8", "surrogatepass")
        case "d":
            return {decode(key): decode(value) for key, value in zip(rest[::2], rest[1::2], strict=True)}
        case _:
            return {"l": list, "t": tuple, "s": set, "z": frozenset}[tag](map(decode, rest))


def type_name(kind: type) -> str:
    """A type's name in printable ASCII, bounded. Asks `type` itself: a metaclass may have something else to say."""
    return ascii(_text(_name(kind))[:_NAME])[1:-1][:_NAME]


class _Writer:
    """Collects the pieces of one value's JSON."""

    __slots__ = ("items", "left", "parts")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.left = BYTES
        self.items = 0

    def add(self, value: Any, depth: int) -> None:
        kind = type(value)  # compared by identity: a lookup in a dict would ask the metaclass
        if value is None:
            self._put("null")
        elif kind is bool:
            self._put("true" if value else "false")
        elif kind is int:
            self._integer(value)
        elif kind is float:
            self._put(f'["f","{value.hex()}"]')
        elif kind is str:
            self._string(value)
        elif kind is bytes:
            self._fits(len(value))
            self._put(f'["b","{value.hex()}"]')
        elif kind is complex:
            self._put(f'["c","{value.real.hex()}","{value.imag.hex()}"]')
        elif kind is list:
            self._container("l", tuple(value), depth)
        elif kind is tuple:
            self._container("t", value, depth)
        elif kind is set:
            self._container("s", tuple(value), depth)
        elif kind is frozenset:
            self._container("z", tuple(value), depth)
        elif kind is dict:
            self._container("d", tuple(part for pair in tuple(value.items()) for part in pair), depth)
        else:
            raise NoLiteral(f"a value of type {type_name(kind)} is no literal")

    def _integer(self, value: int) -> None:
        bits = value.bit_length()
        if bits <= _PLAIN_BITS:
            self._put(f"{value}")
        else:
            self._fits(bits // 4)
            self._put(f'["i","{value:x}"]')

    def _string(self, value: str) -> None:
        self._fits(len(value))
        quoted = encode_basestring_ascii(value)
        if "\\ud" in quoted and not _well_formed(value):
            quoted = f'["u","{value.encode("utf-8", "surrogatepass").hex()}"]'
        self._put(quoted)

    def _container(self, tag: str, parts: tuple[Any, ...], depth: int) -> None:
        self.items += len(parts)
        if depth >= DEPTH:
            raise NoLiteral(f"the value is nested more than {DEPTH} deep, or holds itself")
        if self.items > ITEMS:
            raise NoLiteral(f"the value has more than {ITEMS:,} items")
        self._put(f'["{tag}"')
        for part in parts:
            self._put(",")
            self.add(part, depth + 1)
        self._put("]")

    def _put(self, text: str) -> None:
        self._fits(len(text))
        self.left -= len(text)
        self.parts.append(text)

    def _fits(self, size: int) -> None:
        if size > self.left:
            raise NoLiteral(f"the value is larger than {BYTES >> 10} KiB")


def _well_formed(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

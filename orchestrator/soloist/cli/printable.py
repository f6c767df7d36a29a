"""Text from repositories and programs, made safe to show: no terminal escapes, no direction overrides."""

import unicodedata

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def printable(text: str) -> str:
    """The text with every invisible or control character except newline and tab shown as an escape."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in HIDDEN else f"\\x{ord(c):02x}" for c in text)

"""What is piped into the command, for the program that it runs."""

import os
import select
import stat
import time
from pathlib import Path
from typing import Final

MOST: Final = 64 << 20
"""Bytes."""
_PIECE: Final = 1 << 16


def given(file: Path | None, seconds: float) -> bytes:
    """A file's content, or else what is piped or redirected in within so many seconds; nothing from a terminal.

    Raises `ValueError` when there is more than 64 MiB, or when what writes into the pipe does not come to an end.
    """
    if file is not None:
        if not file.is_file():
            raise ValueError(f"there is no file {file} for --stdin")
        if file.stat().st_size > MOST:
            raise ValueError(f"{file} has more than {MOST >> 20} MiB, the most that --stdin takes")
        return file.read_bytes()
    return everything(seconds) if _piped() else b""


def everything(seconds: float | None) -> bytes:
    """Standard input to its end, with no deadline when `seconds` is None. Raises as `given`."""
    deadline = None if seconds is None else time.monotonic() + seconds
    read = bytearray()
    while _more(deadline):
        piece = os.read(0, _PIECE)
        if not piece:
            return bytes(read)
        read += piece
        if len(read) > MOST:
            raise ValueError(f"standard input has more than {MOST >> 20} MiB")
    raise ValueError(f"standard input did not end within {seconds:g} s: end it, or add </dev/null")


def _piped() -> bool:
    try:
        mode = os.fstat(0).st_mode
    except OSError:  # closed
        return False
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _more(deadline: float | None) -> bool:
    left = None if deadline is None else max(0.0, deadline - time.monotonic())
    return bool(select.select([0], [], [], left)[0])

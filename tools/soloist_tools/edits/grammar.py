"""The form of an edit, in the words that go into a prompt, and an edit as a value."""

from dataclasses import dataclass

GRAMMAR = """\
Change files with edit blocks. There are two forms; outside the blocks you may write plain text.

1. To change a part of a file, to insert or to delete lines:

path/to/file.py
<<<<<<< SEARCH
lines as they stand in the file now
=======
lines that take their place
>>>>>>> REPLACE

2. To create a file, or to rewrite one completely:

FILE: path/to/file.py
```
every line of the file
```

Rules:
- The path stands alone on the line above the block, relative to the root of the repository. In every block.
- SEARCH holds whole lines, copied character for character with their indentation. They must occur exactly once in the file:
  add neighbouring lines until they do. Don't shorten them with "...".
- To insert, repeat a neighbouring line in both parts. To delete, leave the second part empty.
- An empty SEARCH part creates a new file; the file must not exist yet.
- Blocks of one file are applied from top to bottom, each to what the ones before it made.
- The three marker lines have exactly seven signs, begin at the left margin and are never indented.
- If the file itself has lines that begin with ```, put it between lines of four backticks (````) in form 2.
- If the file itself has lines that are exactly =======, use form 2.
"""
"""Put it into the prompt as it is."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One block of an answer. Lines are without their ends."""

    number: int
    """Of the block in the answer, from 1."""
    line: int
    """Line of the answer on which the block begins, from 1."""
    path: str
    """Plain path relative to the root."""
    search: tuple[str, ...] | None
    """Lines to be replaced; empty to create a file; None to write the whole file, whether it exists or not."""
    replace: tuple[str, ...]
    """Lines that take their place."""

    def __str__(self) -> str:
        return f"block {self.number} ({self.path})"

"""Edits that a model writes as text: parsed strictly, matched exactly once, never guessed at and never written from here.

`GRAMMAR` tells a model the form, word for word. `parse_edits` reads an answer, `apply_edits` gives the new contents.
Both raise ValueError with text that the model can act on: send it back as it is.
"""

from soloist_tools.edits.applying import apply_edits
from soloist_tools.edits.grammar import GRAMMAR, Edit
from soloist_tools.edits.parse import parse_edits

__all__ = ["GRAMMAR", "Edit", "apply_edits", "parse_edits"]

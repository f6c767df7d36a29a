"""The workspace: work on a copy, a patch as the result, applied on approval and taken back on demand.

`copy_tree` copies the user's tree, `make_patch` turns new contents (None: no file) into a `Patch`, `apply` writes it to the
user's tree and `undo` restores what was there. All of them block: call them with `asyncio.to_thread`. No git state is ever
changed.
"""

from soloist_tools.workspace.applying import Applied, TreeMoved, apply, undo
from soloist_tools.workspace.patch import FileChange, Patch, Stat, make_patch
from soloist_tools.workspace.snapshot import FileState, Snapshot, copy_tree

__all__ = [
    "Applied",
    "FileChange",
    "FileState",
    "Patch",
    "Snapshot",
    "Stat",
    "TreeMoved",
    "apply",
    "copy_tree",
    "make_patch",
    "undo",
]

"""Which paths a change may have at all: inside the workspace, and spelled in one way only."""

from soloist_sandbox.contract import Changes


def check_paths(changes: Changes) -> None:
    """Raises `ValueError` naming every path that leaves the workspace or has a second spelling."""
    if bad := [reason for path in changes if (reason := misplaced(path))]:
        raise ValueError("; ".join(bad))


def misplaced(path: str) -> str | None:
    """Why a path can't be a change's, or None."""
    if not path or path != path.strip() or any(ord(character) < 32 for character in path):
        return f"{path!r} is empty, or has blanks around it or control characters in it"
    if "\\" in path or ":" in path.partition("/")[0]:
        return f"{path!r} has a backslash or a drive in it"
    parts = path.split("/")
    if path.startswith("/") or {"", ".", ".."} & set(parts):
        return f"{path!r} is not a plain path relative to the workspace"
    try:
        path.encode()
    except UnicodeEncodeError:
        return f"{path!r} is no text"
    return None

"""`soloist apply` and `soloist undo`."""

import typer
from soloist_tools.workspace import Patch, undo
from soloist_tools.workspace import apply as apply_patch

from soloist.rundir import RunDir


def apply_run(run_id: str) -> None:
    """Apply the patch that a run has proved. Raises ValueError where there is none."""
    run = RunDir.find(run_id, holding="patch.json")
    repository = run.get_task().repository
    if repository is None:
        raise ValueError(f"run {run.id} had no repository to apply anything to")
    apply_patch(repository, Patch.model_validate_json(run.patch.read_bytes()), run.journal)
    typer.echo(f"applied to {repository}; take it back with: soloist undo {run.id}")


def undo_run(run_id: str) -> None:
    """Take back what a run applied. Raises ValueError where there is nothing to take back."""
    run = RunDir.find(run_id, holding="undo")
    undo(run.journal)
    typer.echo(f"{run.get_task().repository} is as it was before run {run.id}")

"""The trial that fits a step."""

from soloist_sandbox.contract import Limits, Outcome, Session
from soloist_sandbox.integrity import refuse_changes
from soloist_tools.tree import Tree

from soloist_agents.contract import Step
from soloist_agents.selection.strategies import DEFAULT_SAMPLES
from soloist_agents.step_check import AgreementCheck, AnswerCheck, CasesCheck, runnable, test_files
from soloist_agents.stitching import stitcher
from soloist_agents.trials.answers import AnswerTrial, KnowledgeTrial
from soloist_agents.trials.best import BestOf
from soloist_agents.trials.cases import CasesTrial
from soloist_agents.trials.command import CommandTrial, UncheckedTrial
from soloist_agents.trials.contract import Trial
from soloist_agents.trials.programs import ProgramsTrial
from soloist_agents.trials.votes import VoteTrial
from soloist_agents.trials.workspace import WorkspaceTrial


def make_trial(step: Step, tree: Tree, session: Session, baseline: Outcome | None, limits: Limits) -> Trial:
    """The trial of a step on a workspace. `tree` has what earlier steps have changed; the session's workspace has not.

    `baseline`: the step's check before any candidate, for checks that the sandbox runs.
    Raises `ValueError` for a step that doesn't fit the tree, or that would change what the check is made of.
    """
    samples = (step.selection.samples if step.selection else None) or DEFAULT_SAMPLES
    if isinstance(step.check, AgreementCheck):
        stitch = stitcher(step, tree)
        if step.kind == "function":
            return ProgramsTrial(step, session, stitch, tree.changes, limits, samples)
        return VoteTrial(step, session, stitch)
    trial = _judging(step, tree, session, baseline, limits)
    best = step.selection is not None and step.selection.strategy == "best_of_n"
    return BestOf(trial, samples) if best else trial


def _judging(step: Step, tree: Tree, session: Session, baseline: Outcome | None, limits: Limits) -> Trial:
    """The trial of a step whose candidates are judged one by one."""
    stitch = stitcher(step, tree)
    check = runnable(step.check)
    if check is not None:
        if step.kind == "function":
            refuse_changes({step.path: b""}, check, tree)
        if baseline is None:
            raise ValueError(f"step {step.id} can't be tried before its check was run")
        base = {**tree.changes, **test_files(step.check)}
        return WorkspaceTrial(check, session, stitch, tree, base, baseline, limits)
    if isinstance(step.check, CasesCheck):
        return CasesTrial(step.check, session, stitch, tree.changes, limits)
    if isinstance(step.check, AnswerCheck):
        return AnswerTrial(step.check, stitch)
    if step.kind == "knowledge":
        return KnowledgeTrial(tree)
    return CommandTrial(session, tree.changes, limits) if step.kind == "command" else UncheckedTrial(stitch, tree)

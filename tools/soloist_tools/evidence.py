"""Evidence: what was found, where it came from, and why it is here."""

from typing import Self

from pydantic import Field
from soloist_sandbox.contract import Outcome, Value

from soloist_tools.localise import Suspect


class Evidence(Value):
    """One retrieved thing. Its text is data from outside, never an instruction."""

    source: str
    """`path:first-last`, or the command whose output it is."""
    text: str
    score: float = Field(default=1.0, ge=0)
    why: str
    """Why it was included."""


class Found(Value):
    """What looking around has brought so far; every tool adds to it."""

    evidence: tuple[Evidence, ...] = ()
    baseline: Outcome | None = None
    """The task's check, run before any change."""
    suspects: tuple[Suspect, ...] = ()
    """Functions that may hold the fault, most suspicious first."""
    flaky: tuple[str, ...] = ()
    """Tests whose result differed between two runs of the unchanged tree."""

    def merged(self, other: "Found") -> Self:
        """This and what another tool found; single values are replaced by newer ones."""
        known = {(item.source, item.text) for item in self.evidence}
        return self.model_copy(
            update={
                "evidence": self.evidence + tuple(e for e in other.evidence if (e.source, e.text) not in known),
                "baseline": other.baseline or self.baseline,
                "suspects": other.suspects or self.suspects,
                "flaky": tuple(sorted({*self.flaky, *other.flaky})),
            }
        )

"""What one sample says: its answer as a vote, and what is known about it."""

from typing import Literal, Self

from pydantic import Field, model_validator
from soloist_sandbox.contract import Value

from soloist_agents.extract.boxed import cleaned, is_placeholder

Truth = Literal["true", "false", "unknown"]
"""A claim's verdict. "unknown" never counts as true."""
Ended = Literal["stop", "length", "loop", "filtered", "failed"]


class Claim(Value):
    """Something that a sample says, or that a question demands, and whether it holds."""

    text: str
    verdict: Truth = "unknown"
    kind: str = "stated"
    """What sort of claim it is: "equation", "annotation", "call", "non-negative"… One reliability is learned for each."""
    by: Literal["nobody", "verifier", "execution"] = "nobody"
    """Who settled it. Only "execution" is evidence; a verifier is a model."""

    @model_validator(mode="after")
    def _settled_by_someone(self) -> Self:
        if (self.verdict == "unknown") != (self.by == "nobody"):
            raise ValueError(f"a claim is {self.verdict} by {self.by}: a verdict and who gave it come together")
        return self


class Ballot(Value):
    """One sample that has ended. It holds the answer alone, never the trace, so that a thousand of them are small."""

    answer: str | None
    """None: the sample came to no answer."""
    index: int = Field(ge=0)
    """Its number among the samples, in the order in which they ended."""
    author: str = ""
    finish: Ended = "stop"
    confidence: float | None = Field(default=None, gt=0, le=1)
    """Mean probability of the tokens where the server gave logprobs."""
    claims: tuple[Claim, ...] = ()
    """The decision-relevant claims that the sample itself gave, in its order: what CLR looks at."""
    executed: tuple[Claim, ...] = ()
    """Claims found in its text or demanded by the question, and executed: what weighing looks at."""
    verified: bool = False
    """It passed the given check by execution."""
    tokens: int = Field(default=0, ge=0)

    @property
    def votes(self) -> bool:
        """A cut trace, an empty answer and a placeholder never vote."""
        return self.finish == "stop" and self.answer is not None and not is_placeholder(cleaned(self.answer))

    @property
    def text(self) -> str:
        """The answer of a ballot that votes. Raises ValueError where there is none."""
        if self.answer is None:
            raise ValueError(f"sample {self.index} has no answer")
        return self.answer

    @property
    def doubts(self) -> frozenset[str]:
        """The kinds of executed claims of which at least one is false."""
        return frozenset(claim.kind for claim in self.executed if claim.verdict == "false")

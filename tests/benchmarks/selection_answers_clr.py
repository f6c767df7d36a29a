"""CLR beside the majority by simulation, and what selecting costs."""

import random
import time
import tracemalloc
from pathlib import Path

from measuring import line
from selection_answers_plots import lines
from soloist_agents.selection.ballot import Ballot, Claim
from soloist_agents.selection.claims import arithmetic_claims
from soloist_agents.selection.poll import Poll
from soloist_agents.selection.race import Never, Posterior
from soloist_agents.selection.weights import clr, one


def clr_simulation(svg: Path | None) -> None:
    """A right pick of 32 by CLR and by majority; wrong answers share four values, 40 % of them the same one."""
    print("\n## CLR by simulation: probability of the right pick of 32 samples (2,000 draws each)")
    errors = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    line(["sample accuracy", "majority", *(f"CLR, verifier error {error}" for error in errors)], (16, 9, 24, 24, 24, 24, 24, 24))
    accuracies = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
    curves: dict[str, list[tuple[float, float]]] = {"majority": [], **{f"CLR {error}": [] for error in errors}}
    for accuracy in accuracies:
        shares = [simulated(accuracy, None), *(simulated(accuracy, error) for error in errors)]
        line([f"{accuracy:g}", *(f"{share:.3f}" for share in shares)], (16, 9, 24, 24, 24, 24, 24, 24))
        for name, share in zip(curves, shares, strict=True):
            curves[name].append((accuracy, share))
    if svg:
        svg.mkdir(parents=True, exist_ok=True)
        (svg / "clr.svg").write_text(lines(curves, across="accuracy of one sample", up="right pick of 32"))
        print(f"the plot is {svg / 'clr.svg'}")


def simulated(accuracy: float, error: float | None, *, draws: int = 2000) -> float:
    """Right samples make five true claims, wrong ones three; the verifier errs on each claim alone with probability `error`."""
    draw, right = random.Random(11), 0  # noqa: S311  # nothing secret
    for _ in range(draws):
        scores: dict[str, float] = {}
        for index in range(32):
            good = draw.random() < accuracy
            answer = "right" if good else draw.choices("abcd", (4, 2, 2, 2))[0]
            scores.setdefault(answer, 0.0)
            scores[answer] += 1.0 if error is None else clr(_claimed(draw, index, answer, 5 if good else 3, error))
        right += max(scores, key=lambda answer: scores[answer]) == "right"
    return right / draws


def _claimed(draw: random.Random, index: int, answer: str, true: int, error: float) -> Ballot:
    verdicts = [(n < true) != (draw.random() < error) for n in range(5)]
    claims = tuple(Claim.model_construct(text="", verdict="true" if v else "false", by="verifier") for v in verdicts)
    return Ballot.model_construct(answer=answer, index=index, claims=claims)


def cost() -> None:
    """Processor time and memory of selecting among 1,000 samples."""
    print("\n## cost of selecting")
    for name, spell in (
        ("200 different plain answers", lambda n: str(n % 200)),
        ("8 fractions in LaTeX", lambda n: rf"\frac{{{n % 8 + 1}}}{{19}}"),
    ):
        ballots = [Ballot(answer=spell(n), index=n, author="a", tokens=40_000) for n in range(1000)]
        for rule in (Never(), Posterior()):
            tracemalloc.start()
            poll, start = Poll("x", 1000, one, rule), time.process_time()
            for ballot in ballots:
                poll.take(ballot)
            seconds, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            print(
                f"1,000 samples, {name}, {type(rule).__name__}: {1000 * seconds / 1000:.2f} ms each, {peak / 1024:.0f} KiB, "
                f"{poll.clusters.comparisons} dear comparisons"
            )
    text = "so she has 16 - 3 = <<16-3=13>>13 eggs and 13 * 2 = $<<13*2=26>>26. " * 5
    start = time.process_time()
    for _ in range(100):
        arithmetic_claims(text, "26")
    print(f"claims of a solution of {len(text)} characters: {10 * (time.process_time() - start):.2f} ms")

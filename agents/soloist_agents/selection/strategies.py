"""The strategies by name: which votes count how much, and when enough have been heard."""

from collections.abc import Callable
from typing import Literal, get_args

from soloist_agents.selection.calibration import Calibration
from soloist_agents.selection.poll import Poll
from soloist_agents.selection.race import Certain, Posterior, Rule
from soloist_agents.selection.reliability import Reliability
from soloist_agents.selection.sameness import MATHEMATICS, Sameness
from soloist_agents.selection.weights import CLR_SAMPLES, clr, one, passed

Name = Literal["majority", "weighted", "clr", "first_verified", "best_of_n"]
NAMES: tuple[Name, ...] = get_args(Name)
DEFAULT_SAMPLES = 8


def strategy(
    name: Name,
    *,
    samples: int | None = None,
    rule: Rule | None = None,
    reliability: Reliability | None = None,
    sameness: Sameness = MATHEMATICS,
    calibration: Calibration | None = None,
) -> Poll:
    """A fresh vote.

    `majority`: largest cluster, ended by `Posterior(0.05)`. `weighted`: log odds of `reliability`, the same rule. `clr`: the
    report's score over 32 samples, ended only when the leader can't be caught, so that the pick is the report's. `best_of_n`: the
    cluster with most samples that passed the check. `first_verified`: the first sample that passed it; when none does, the
    largest cluster, and the standing says so. `samples` is the budget; another `rule` replaces the one named here;
    a `calibration` gives the standing its probability.
    Raises ValueError for a name that is none of these and for a budget below 1.
    """
    n = samples if samples is not None else CLR_SAMPLES if name == "clr" else DEFAULT_SAMPLES
    told = reliability or Reliability()
    makers: dict[str, Callable[[], Poll]] = {
        "majority": lambda: Poll(name, n, one, rule or Posterior(), sameness),
        "weighted": lambda: Poll(name, n, told.weight, rule or Posterior(), sameness, told.most, least_unit=told.plain),
        "clr": lambda: Poll(name, n, clr, rule or Certain(), sameness),
        "best_of_n": lambda: Poll(name, n, passed, rule or Certain(), sameness),
        "first_verified": lambda: Poll(name, n, passed, Certain(), sameness, first_ends=True),
    }
    if name not in makers:
        raise ValueError(f"there is no strategy {name!r}: name one of {', '.join(NAMES)}")
    poll = makers[name]()
    poll.calibration = calibration
    return poll

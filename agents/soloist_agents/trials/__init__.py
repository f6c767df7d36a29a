"""How candidates for a step are judged. Each kind of check has its trial; all keep the same protocol."""

from soloist_agents.trials.contract import Screening, Trial
from soloist_agents.trials.making import make_trial

__all__ = ["Screening", "Trial", "make_trial"]

"""The settings in force: effort, where settings come from, and prices where money is capped."""

import re
from collections.abc import Sequence

from soloist.config import Loaded
from soloist.doctor.finding import Finding, fine, remark


def in_force(loaded: Loaded) -> Sequence[Finding]:
    """How hard is tried, and which files and variables say so."""
    places = dict.fromkeys(re.sub(r":\d+$", "", where(at)) for at, where in loaded.sources.items())
    told = ", ".join(place for place in places if not place.startswith("effort ")) or "no file and no variable sets anything"
    return (fine("settings", f"effort {loaded.settings.effort}; {told}"),)


def prices(loaded: Loaded, models: Sequence[str]) -> Sequence[Finding]:
    """Whether the cap on money can hold for these models; nothing where none is set."""
    cap = loaded.settings.budget.money
    if cap is None or not models:
        return ()
    without = [model for model in dict.fromkeys(models) if not loaded.settings.price_table.knows(model)]
    if not without:
        return (fine("prices", f"set for every model; the cap is {cap:g} USD"),)
    cure = " ".join(f'prices."{model}" = {{prompt = …, answer = …}} (USD for a million tokens)' for model in without[:1])
    return (remark("prices", f"the cap of {cap:g} USD does not count {', '.join(without)}: no price is set", f"set {cure}"),)

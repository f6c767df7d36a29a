"""The first mistake in a chain of steps, where a program knows what each step must say."""

from soloist_agents.selection.steps.arithmetic import arithmetic_mistake
from soloist_agents.selection.steps.brackets import bracket_mistake
from soloist_agents.selection.steps.families import first_mistake
from soloist_agents.selection.steps.mistake import Mistake
from soloist_agents.selection.steps.sorting import sorting_mistake

__all__ = ["Mistake", "arithmetic_mistake", "bracket_mistake", "first_mistake", "sorting_mistake"]

"""From what a model wrote to what was asked for: the final answer, the value in its box, the program in its fence.

Everything here is a function of text: nothing runs, nothing waits, and all of it takes time linear in the text. Where there is no
answer the result is None, never an empty string and never a guess; a trace that was cut or went round in circles is no answer.
"""

from soloist_agents.extract.answers import same_answer
from soloist_agents.extract.boxed import boxed_answer
from soloist_agents.extract.fences import Fence, fenced_blocks
from soloist_agents.extract.final import answer_of, final_answer
from soloist_agents.extract.functions import Extracted, function_source
from soloist_agents.extract.program import python_program
from soloist_agents.extract.stated import short_answer, stated_answer

__all__ = [
    "Extracted",
    "Fence",
    "answer_of",
    "boxed_answer",
    "fenced_blocks",
    "final_answer",
    "function_source",
    "python_program",
    "same_answer",
    "short_answer",
    "stated_answer",
]

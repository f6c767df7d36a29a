"""Claims in a final answer that can be settled without asking a model: found in the text, evaluated exactly, never by `eval`."""

from soloist_agents.selection.claims.calls import CallClaim, call_claims, calls_in, function_check, settled_calls
from soloist_agents.selection.claims.demands import demands
from soloist_agents.selection.claims.equations import Equation, arithmetic_claims, equations
from soloist_agents.selection.claims.rational import value_of

__all__ = [
    "CallClaim",
    "Equation",
    "arithmetic_claims",
    "call_claims",
    "calls_in",
    "demands",
    "equations",
    "function_check",
    "settled_calls",
    "value_of",
]

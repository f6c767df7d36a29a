"""A planner that is a model: it looks around with tools, submits a plan, mends it, and does the steps that are its own."""

from soloist_agents.planner.planner import ModelPlanner

__all__ = ["ModelPlanner"]

"""Cron schedules as values: parse them, ask when they run, explain them, notice what was missed."""

from timetable.combine import Union, first_clash
from timetable.explain import explain
from timetable.fields import BadExpression
from timetable.schedule import Schedule
from timetable.watch import Health, health, is_overdue, last_due, missed_runs

__all__ = [
    "BadExpression",
    "Health",
    "Schedule",
    "Union",
    "explain",
    "first_clash",
    "health",
    "is_overdue",
    "last_due",
    "missed_runs",
]

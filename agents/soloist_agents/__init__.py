"""Who thinks: the planner and the specialists, behind two protocols."""

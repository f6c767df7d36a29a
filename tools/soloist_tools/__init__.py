"""What an agent can call: the workspace, syntax-tree edits, fault localisation."""

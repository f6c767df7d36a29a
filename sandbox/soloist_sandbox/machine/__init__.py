"""A root file system made of this machine's own parts: its Python, a shell, a few programs, and their libraries."""

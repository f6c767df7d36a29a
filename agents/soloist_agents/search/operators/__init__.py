"""One small function per kind of edit: a site (or the whole function) in, changes out. `table.py` names them all."""

"""What a repository's tests need, found without running any of its code.

asked           what the user named on the command line
finding         which of a repository's files say it, and what they say
locks           uv.lock, pylock.toml, poetry.lock, pdm.lock
pyproject       [project], dependency groups, and the tables of Poetry, PDM, Hatch and uv
setup_files     setup.cfg, setup.py and tox.ini, read and never run
requirement_files   requirements*.txt with the files that they include
resolving       declarations become exact pins
own_package     the repository's own name, version and entry points
devcontainer    devcontainer.json as a Dockerfile
virtual_env     the user's own virtual environment, bound by bubblewrap
memory          which image belongs to which repository, and whether it is outdated
building        all of it, for `soloist sandbox build --repo`
"""

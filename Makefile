# Everything a newcomer, a developer and the CI call. `make help` lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
READY := .venv/.ready
# A virtual environment names the folder that it was made in: in a copy or a moved clone it is made again.
MOVED := $(if $(filter-out $(CURDIR),$(shell cat $(READY) 2>/dev/null)),moved)
# What installs and packs Soloist; pinned with the rest, but no part of the product or of its tests' imports.
WORKSHOP := uv hatchling editables

.PHONY: help run test check constraints clean engine-any engine-all moved

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

run: engine-any ## set up, then fix the example repository in a sandbox
	@$(BIN)/soloist run "make the failing tests pass" --repo examples/timetable --check "pytest -q" --dry-run

test: engine-all check ## set up, then check and run every test
	@$(BIN)/python -m pytest -q

check: $(READY) ## lint, format, types and import directions
	@$(BIN)/ruff check -q && $(BIN)/ruff format -q --check
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >$(READY).imports 2>&1 || { cat $(READY).imports; exit 1; }

constraints: $(READY) ## choose the versions in constraints.txt again
	@printf '%s\n' $(WORKSHOP) | $(BIN)/uv pip compile -q --universal --python-version 3.11 --upgrade --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --group dev pyproject.toml - -o constraints.txt

clean: ## remove what set-up and tools made; images and engines stay
	@rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

engine-any: $(READY)
	@sandbox/setup-engine.sh any

engine-all: $(READY)
	@sandbox/setup-engine.sh all

# `3` holds a lock: two `make`s in one folder set up once. pip comes with Python but is slow: it only brings uv, and steps in
# where uv fails (uv does not know an index that is configured for pip alone).
$(READY): pyproject.toml constraints.txt $(MOVED)
	@exec 3<Makefile; flock 3 2>/dev/null || true; \
	[ ! -e $@ ] || [ "$$(cat $@)" = "$(CURDIR)" ] || rm -rf .venv; \
	if [ $@ -nt pyproject.toml ] && [ $@ -nt constraints.txt ]; then exit 0; fi; \
	echo "set-up: Python packages into .venv (once)"; \
	$(BIN)/python -c 'import pip' 2>/dev/null || { $(FIND_PYTHON) && $(NEED_VENV) && "$$python" -m venv --clear .venv; } || exit 1; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt $(WORKSHOP) || exit 1; \
	$(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --system-certs $(PACKAGES) || { \
		$(BIN)/python -m pip install -qq --upgrade pip && $(BIN)/python -m pip install -qq $(PACKAGES); } || exit 1; \
	echo "$(CURDIR)" >$@

# The build backend is in the environment already: a second one would be fetched, and not at its pinned version.
PACKAGES := -c constraints.txt --no-build-isolation -e . --group dev

FIND_PYTHON = for python in $(PYTHON) python3.13 python3.12 python3.11 python3 none; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; done; \
	[ "$$python" != none ] || { echo "Python 3.11 or newer is needed: sudo apt-get install python3 python3-venv" >&2; false; }

# Debian and Ubuntu keep what `python -m venv` needs in a package of its own.
NEED_VENV = { "$$python" -c 'import ensurepip, venv' 2>/dev/null || { package=$$(basename "$$python")-venv; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then export DEBIAN_FRONTEND=noninteractive; \
		apt-get -qq -y install $$package >/dev/null 2>&1 || { apt-get -qq update && apt-get -qq -y install $$package >/dev/null; }; \
	else echo "sudo apt-get install $$package (Python's venv module is missing)" >&2; false; fi; }; }

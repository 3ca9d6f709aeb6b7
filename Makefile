# The one door to everything: each target sets up what it needs first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SEED ?= 1
ROUNDS ?= 200
COUNT ?= 100000
BACKUPS ?= 20
YEARS ?= 10
DATABASE ?= both
MODE ?= people

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types format bench crash fuzz clock ledger backups docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Linli needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=/path/to/python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

# hatchling builds the editable install, so it comes first and from the same hashed lock.
$(VENV)/.run-ready: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-build.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q bot handlers views domain sheets storage jobs sandbox
	@touch $@

$(VENV)/.test-ready: $(VENV)/.run-ready requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.run-ready ## make .venv with everything needed to run, bytecode compiled

run: $(VENV)/.run-ready ## start Linli (on the sandbox with demo people when no token is set)
	@exec $(BIN)/linli run

test: $(VENV)/.test-ready ## the whole test suite
	$(BIN)/python -m pytest -n 4

lint: $(VENV)/.test-ready ## ruff, formatting and import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.test-ready ## mypy, strict
	$(BIN)/mypy

format: $(VENV)/.test-ready ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.test-ready ## measure, all figures in one run
	$(BIN)/python -m benchmarks

crash: $(VENV)/.test-ready ## kill -9 campaign: MODE=people|broadcast|jobs ROUNDS=200 SEED=1 DATABASE=sqlite|postgres|both
	$(BIN)/python -m tests.crash --mode $(MODE) --rounds $(ROUNDS) --seed $(SEED) --database $(DATABASE)

fuzz: $(VENV)/.test-ready ## forged callbacks and broken updates: COUNT=100000 SEED=1
	$(BIN)/python -m tests.fuzz --count $(COUNT) --seed $(SEED)

backups: $(VENV)/.test-ready ## backups while people write, each brought back and judged: BACKUPS=20 DATABASE=sqlite|postgres|both
	$(BIN)/python -m benchmarks.backups --rounds $(BACKUPS) --database $(DATABASE)

clock: $(VENV)/.test-ready ## years of the clock in six zones: YEARS=10 SEED=1
	$(BIN)/python -m tests.years --years $(YEARS) --seed $(SEED)

ledger: OPERATIONS = $(if $(filter file,$(origin COUNT)),200000,$(COUNT))
ledger: $(VENV)/.test-ready ## random operations on the ledger: COUNT=200000 SEED=1 DATABASE=sqlite|postgres|both
	$(BIN)/python -m tests.ledger --count $(OPERATIONS) --seed $(SEED) --database $(DATABASE)

docs: $(VENV)/.run-ready ## make the pages and data that are made from code and libraries
	$(BIN)/python -m bot.calendars CN 2025 2027 > bot/holidays/CN.csv
	$(BIN)/python -m bot.permissions_page > docs/permissions.md

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

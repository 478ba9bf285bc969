# `make demo` shows Odibi at work, `make test` proves it; both set up what they need (Python 3.11+).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2

.PHONY: help setup samples demo test lint verify bench clean

help:
	@echo "make demo    set up and open the sample pipeline (without a terminal: run it)"
	@echo "make test    set up, then format, lint, types, imports and all tests"
	@echo "make verify  the tests with their full counts: fuzzing, fault injection, properties, mutations"
	@echo "make bench   speed, as ratios against baselines run in the same call"
	@echo "make samples generate the data and the other forms of the sample pipelines"
	@echo "make setup   only .venv, with odibi-tui and odibi-core in it"

setup: $(READY) samples

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Odibi needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

samples: $(READY)
	@$(BIN)/python sample_configs/generate.py

demo: setup
	@if [ -t 0 ] && [ -t 1 ]; then \
	  $(BIN)/odibi-tui sample_configs/simple_pipeline.json; \
	else \
	  $(BIN)/odibi-core run sample_configs/simple_pipeline.json; \
	fi

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup lint
	$(BIN)/python -m pytest -n $(WORKERS)

verify: setup lint
	ODIBI_VERIFY=1 $(BIN)/python -m pytest -n $(WORKERS)
	$(BIN)/python -m benchmarks.mutations --check

bench: setup
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.overhead
	$(BIN)/python -m benchmarks.small_run
	$(BIN)/python -m benchmarks.tracking --rows 2000000
	$(BIN)/python -m benchmarks.check
	$(BIN)/python -m benchmarks.history

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Every target sets itself up in .venv from nothing but Python 3.11 or newer.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check lint types bench bench-nbd bench-shim clean

demo: $(VENV)/ready
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/session.sh

test: $(VENV)/ready-to-test
	$(BIN)/python -m pytest -n auto

check: lint types test

lint: $(VENV)/ready-to-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready-to-check
	$(BIN)/mypy

bench-nbd: $(VENV)/ready-to-test
	$(BIN)/python -m tests.bench.nbd

bench-shim: $(VENV)/ready-to-test
	$(BIN)/python -m tests.bench.shim

bench: $(VENV)/ready-to-test
	$(BIN)/python -m tests.bench

clean:
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "netbsd-dm needs Python 3.11 or newer: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python has no venv: on Debian, apt-get install python3-venv" >&2; exit 1; }

$(VENV)/ready: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/ready-to-test: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/ready-to-check: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,check]'
	@touch $@

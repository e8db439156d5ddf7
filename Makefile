# Everything here works with python3 (3.11 or newer), pip and make alone. `make` explains the targets.
PYTHON  ?= python3
VENV    ?= .venv
WORKERS ?= 2
ARGS    ?=
N       ?= 100000
SEEDS   ?= 20
KILLS   ?= 500

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# A file of tests stays with one worker, so what its tests share is set up once.
TESTS := $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope

.DEFAULT_GOAL := help
.PHONY: help demo run test unit check format lock audit bench soak fuzz mutate shots clean

help: ## Explain the targets
	@echo 'Waybill. From a fresh clone, `make demo` shows it and `make test` proves it.'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'Options for demo, run, test, unit, lock, bench, soak, fuzz, mutate, shots: ARGS, as in make demo ARGS="--speed 600".'
	@echo 'Another Python or folder: make test PYTHON=python3.13 VENV=.venv-3.13'

demo: $(VENV)/.app ## Open the sandbox: a workspace in the browser, Waybill in it, parcels that move
	$(BIN)/waybill demo $(ARGS)

run: $(VENV)/.app ## Run Waybill with the settings in the environment
	$(BIN)/waybill run $(ARGS)

test: $(VENV)/.dev ## Run the tests: unit, contract, faults, e2e
	$(TESTS) $(ARGS)

unit: $(VENV)/.dev ## Run tests/unit only: no sockets, seconds
	$(BIN)/python -m pytest tests/unit -n $(WORKERS) --dist worksteal $(ARGS)

check: $(VENV)/.dev ## Everything a push must pass: format, lint, types, arrows, tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(TESTS)

format: $(VENV)/.dev ## Format the code, and mend what ruff can mend
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

lock: $(VENV)/.dev ## Write requirements*.txt anew from pyproject.toml (ARGS=--upgrade: newest versions)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate $(ARGS) \
	  --group build pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate $(ARGS) \
	  --constraints requirements.txt --group build --group dev pyproject.toml --output-file requirements-dev.txt

audit: $(VENV)/.dev ## Look for unsafe code and libraries; write the list of parts into build/
	$(BIN)/python -m tests.audit

bench: $(VENV)/.dev ## Measure: tests/benchmarks prints its figures
	$(BIN)/python -m pytest tests/benchmarks --capture=no --timeout=900 $(ARGS)

soak: $(VENV)/.dev ## Every fault at every point, SEEDS=20 histories each, and KILLS=500 (up to an hour; goes on where it was)
	$(BIN)/python -m pytest tests/soak -n $(WORKERS) --timeout=3600 $(ARGS)
	$(BIN)/python -m tests.soak --seeds $(SEEDS) --kills $(KILLS) --workers $(WORKERS)

fuzz: $(VENV)/.dev ## Feed N spoilt inputs to all that reads what others wrote (N=1000000: minutes)
	$(BIN)/python -m tests.fuzz --inputs $(N) --workers $(WORKERS) $(ARGS)

mutate: $(VENV)/.dev ## Break the code in every small way; a test must notice (an hour)
	$(BIN)/python -m tests.mutate --workers $(WORKERS) $(ARGS)

shots: $(VENV)/.dev ## Draw the sandbox and the messages as pictures, for eyes
	$(BIN)/python -m tests.gallery.shots $(ARGS)

clean: ## Remove environments, caches and builds; no data
	rm -rf .venv .venv-* build dist test-results .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find bot tests -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo 'Waybill needs Python 3.11 or newer, and "$(PYTHON)" is not: name one, as in make demo PYTHON=python3.13' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# What Waybill runs on, and Waybill itself, built with the locked hatchling (why: pyproject.toml, the group "build").
$(VENV)/.app: $(BIN)/python requirements.txt pyproject.toml bot/__init__.py
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.app requirements-dev.txt
	$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

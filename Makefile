# Needs Python 3.11 or newer, make and git. Everything else is installed into .venv from requirements/dev.lock.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# One piece of the benchmarks (make bench PIECE=checkout), and options (make bench BENCH="--mix-seconds 300")
PIECE ?=
BENCH ?=
# How `make test` spreads over the cores, and anything else pytest should hear: make test TESTS="tests/core -k money"
JOBS ?= 2
TESTS ?=

.PHONY: help setup lock run test coverage check generate bench lint format clean sdk widget

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name text; do printf '  make %-9s %s\n' "$$name" "$$text"; done

setup: ## install everything into .venv from the lock (does nothing when it is up to date)
	@requirements/setup "$(PYTHON)"

lock: setup ## write requirements/*.lock again from pyproject.toml (needs uv)
	@requirements/lock

run: setup ## start PostgreSQL, Redis, the API and the worker with a demo store (PORT=8000)
	@exec $(BIN)/baas dev --port $(PORT)

# D-030: what failed while several workers shared the machine is run once more, alone, and has to pass. Which tests
# passed only then stands in a section of its own above the closing line (tests/conftest.py).
pytest = $(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(1) $(TESTS) || \
	  { [ $$? -eq 1 ] && echo "Once more, alone: what failed." && $(BIN)/pytest --last-failed --last-failed-no-failures none $(1); }

test: setup ## run all tests (TESTS="tests/core -k money" for some of them)
	@$(call pytest)

coverage: setup ## run all tests, measure every process, and list what no test ran (build/coverage/html)
	@rm -rf build/coverage
	@failed=0; { export PYTHONPATH=$(CURDIR)/tests/coverage; $(call pytest,--timeout 400); } || failed=$$?; unset PYTHONPATH; \
	  $(BIN)/python -m tests.coverage.report && exit $$failed

check: setup ## lint, format, types, import rules, migrations up and down
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m tests.checks.migrations

generate: setup ## write what follows from the code: the OpenAPI document, the SDK and its page, the table of grants
	@$(BIN)/python -m tests.contract.test_openapi
	@$(BIN)/python -m sdk.scripts.generate
	@$(BIN)/python -m tests.tenancy.print_grants
	@git status --short tests/contract tests/tenancy sdk

bench: setup ## measure how fast it is, against what its parts can do at most (PIECE=cached for one piece)
	@$(BIN)/python -m benchmarks $(PIECE) $(BENCH)

lint: setup ## only what ruff finds, with its own fixes applied
	@$(BIN)/ruff check --fix .

format: setup ## write all files in the house's form, documents included
	@$(BIN)/ruff format .
	@$(BIN)/python -m tests.checks.prose

sdk: setup ## build the Python SDK, look at its distribution, install it alone and try it
	@$(BIN)/python -m sdk.scripts.distribution

widget: ## build a release of the embed widget into baas/widget_release (needs Node 20)
	@cd widget && npm ci --no-progress && npm run --silent check && npm test --silent && npm run --silent build

clean: ## remove what tools left behind (neither .venv nor the data of make run)
	@rm -rf build dist sdk/build sdk/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	@find baas tests migrations -name __pycache__ -type d -prune -exec rm -rf {} +

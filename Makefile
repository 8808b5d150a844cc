# The verbs of this project. `make` alone lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS = never

.PHONY: help
help: ## list the verbs
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: setup
setup: .venv/.ready ## make .venv from the lock; .venv/bin/tulle works afterwards

.venv/.ready: pyproject.toml requirements/dev.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --no-build-isolation requirements/dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

.PHONY: system
system: ## install the Debian packages the tests of a whole host need (root)
	@missing=$$(grep -v '^#' requirements/debian.txt | xargs -I{} sh -c 'dpkg -s {} >/dev/null 2>&1 || echo {}'); \
	test -z "$$missing" || { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; }

.PHONY: demo
demo: setup ## run a real mesh: real programs over mutual TLS, live edges (Ctrl-C ends it)
	@$(BIN)/tulle up

.PHONY: fmt
fmt: setup ## format and mend what can be mended
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

.PHONY: lint
lint: setup ## style, import directions, file names
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports
	@$(BIN)/python tools/house.py

.PHONY: types
types: setup ## mypy --strict
	@$(BIN)/mypy

.PHONY: test
test: setup ## what a contributor needs, in minutes: unit, golden, properties, contracts
	@$(BIN)/pytest tests/unit tests/golden tests/properties tests/contract

.PHONY: test-envoy
test-envoy: setup ## every golden ACKed by a running Envoy; real requests through real proxies
	@$(BIN)/pytest tests/envoy

.PHONY: test-mesh
test-mesh: setup ## whole meshes of real processes, and the faults they must survive
	@$(BIN)/pytest tests/mesh

.PHONY: test-store
test-store: setup ## the store under kill -9, power cuts and failing disks (as root: on disks of its own)
	@$(BIN)/pytest tests/store

.PHONY: test-faults
test-faults: setup ## faults under load, and the table of what they cost (root; FAULTS=write: on the page too)
	@$(BIN)/pytest tests/faults

.PHONY: golden
golden: setup ## rewrite the goldens; then read the diff
	@GOLDEN=write $(BIN)/pytest --quiet tests/golden
	@git diff --stat -- tests/golden

.PHONY: bench
bench: setup ## figures beside a baseline of the same run (QUICK=1: under five minutes)
	@$(BIN)/python -m bench

.PHONY: check
check: test lint types test-store test-envoy test-mesh test-faults ## everything; what CI runs

.PHONY: lock
lock: setup ## resolve the dependencies anew
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --quiet --upgrade --custom-compile-command "make lock" -o requirements/dev.lock
	@$(BIN)/uv pip compile --group codegen --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --quiet --upgrade --custom-compile-command "make lock" -o requirements/codegen.lock

.PHONY: clean
clean: ## remove what setup and the tools made
	@rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

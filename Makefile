# Everything a person does with a checkout. `make` alone lists it.
# Needs Python 3.11 with venv, make, git, and a way to PyPI; each target sets up what it needs.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
INSTALL := MAKE_GOAL=$(firstword $(MAKECMDGOALS) setup) PYTHON="$(PYTHON)" requirements/install
LOCK := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links
# Extra arguments for pytest: make test ARGS="tests/mentions -k matching"
ARGS ?=

.PHONY: help setup train-setup demo live test production-test check down clean lock

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what the demo and a deployment need into .venv
	@$(INSTALL) run demo

train-setup: ## also install what `molva train` needs (torch)
	@$(INSTALL) run demo train

demo: setup ## the whole way of a post, on this machine, in about a minute
	@$(BIN)/python -m molva.demo

live: setup ## the same, and everything stays up until Ctrl-C
	@$(BIN)/python -m molva.demo --keep

test: ## run every test
	@$(INSTALL) run demo train dev
	@$(BIN)/python -m pytest $(ARGS)

production-test: ## docker-compose.yml's services on real servers, and faults (Debian, 20 minutes)
	@$(INSTALL) run demo train dev
	@tests/production/run $(ARGS)

check: ## ruff, mypy --strict, import-linter
	@$(INSTALL) run demo train dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

down: ## stop whatever a demo left running
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m molva.demo --down; fi

clean: down ## remove what make has built, the demo's data too
	rm -rf .demo .venv .install.lock build *.egg-info .import_linter_cache .mypy_cache .pytest_cache \
		.ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: ## renew requirements/*.txt from requirements/*.in (UPGRADE=--upgrade for newer versions)
	@$(INSTALL) run demo train dev
	@$(BIN)/python -m pip install --quiet pip-tools
	$(LOCK) $(UPGRADE) -o requirements/run.txt requirements/run.in
	$(LOCK) $(UPGRADE) -c requirements/run.txt -o requirements/demo.txt requirements/demo.in
	@# On its own: what Airflow asks for with accounts keeps some libraries older than run.txt has.
	$(LOCK) $(UPGRADE) -o requirements/scale.txt \
		requirements/run.in requirements/scale.in
	$(LOCK) $(UPGRADE) -c requirements/run.txt -o requirements/train.txt requirements/train.in
	$(LOCK) $(UPGRADE) -c requirements/run.txt -c requirements/train.txt \
		-o requirements/dev.txt requirements/dev.in
	@# A CPU build's local version (+cpu) exists on some indexes only.
	sed -i.bak 's/^\(torch==[0-9.]*\)+cpu/\1/' requirements/train.txt && rm requirements/train.txt.bak

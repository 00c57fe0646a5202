# Two commands: `make demo` shows the product at work, `make test` proves it.
# Both set up what they need in .venv, from the locked requirements, and nothing else on the machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint types imports format docs lock clean

demo: $(VENV)/runtime.stamp
	@$(BIN)/export-auditor demo

test: $(VENV)/development.stamp lint types imports
	@$(BIN)/python -m tests.servers.install
	@$(BIN)/python -m pytest -n auto

lint: $(VENV)/development.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/development.stamp
	@$(BIN)/mypy

imports: $(VENV)/development.stamp
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/development.stamp
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Not --quiet: MkDocs then counts no warnings, and --strict fails at nothing.
docs: $(VENV)/docs/docs.stamp
	@NO_MKDOCS_2_WARNING=1 $(VENV)/docs/bin/mkdocs build --strict
	@echo "Built: site/index.html"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d; name another: make PYTHON=python3.12 ..." % sys.version_info[:2]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: requirements/runtime.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/runtime.txt
	@$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/development.stamp: requirements/development.txt $(VENV)/runtime.stamp
	@echo "Installing the locked development dependencies into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/development.txt
	@touch $@

# The tools that build the site are no dependencies of the product: they have an environment of their own.
$(VENV)/docs/docs.stamp: requirements/docs.txt | $(BIN)/python
	@echo "Installing the locked tools for the documentation into $(VENV)/docs ..."
	@$(BIN)/python -m venv $(VENV)/docs
	@$(VENV)/docs/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/docs.txt
	@touch $@

# Resolve anew. Needs uv (`pip install uv`); the files hold hashes and no index address.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
lock:
	$(LOCK) --upgrade pyproject.toml -o requirements/runtime.txt
	$(LOCK) --upgrade -c requirements/runtime.txt pyproject.toml --group dev -o requirements/development.txt
	$(LOCK) --upgrade --group docs -o requirements/docs.txt
	echo 'psycopg[binary]>=3.2' | $(LOCK) -c requirements/development.txt - -o requirements/postgresql.txt
	echo 'hatchling>=1.27' | $(LOCK) --upgrade - -o requirements/build.txt

clean:
	rm -rf $(VENV) demo-exports site .mypy_cache .ruff_cache .hypothesis build dist

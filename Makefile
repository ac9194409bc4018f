# The two commands of a user: `make scan`, `make test`. Everything they need is set up by them.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: scan test test-slow check bench docs catalogue clean

scan: .venv/ready
	@$(BIN)/citywall scan --fail-on never --min-coverage 0

# A file at a time on every core, four at most, in the order that tests/conftest.py gives them.
test: .venv/ready-dev
	@sh tools/test-tools.sh
	$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

test-slow: .venv/ready-dev
	@sh tools/test-tools.sh
	$(BIN)/pytest -m slow

check: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/citywall rules test
	$(BIN)/python tools/docs.py --check

bench: .venv/ready-dev
	@sh tools/test-tools.sh
	$(BIN)/python -m benchmarks

docs: .venv/ready-dev
	$(BIN)/python tools/docs.py

catalogue: .venv/ready-dev
	$(BIN)/python tools/catalogue.py

clean:
	rm -rf build dist .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/ready: pyproject.toml constraints.txt
	@PYTHON=$(PYTHON) sh tools/environment.sh .
	@touch $@

.venv/ready-dev: .venv/ready
	@PYTHON=$(PYTHON) sh tools/environment.sh '.[all,dev]'
	@touch $@

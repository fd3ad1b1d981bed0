# hotlead: `make demo` and `make test` are the two commands of the README; each sets itself up from nothing.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.ready-dev
BENCH_STAMP := $(VENV)/.ready-bench
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test faults lint types floors unit wheel bench lock setup clean
help:
	@echo "make demo    set up, run the main job against two sandbox CRMs, stay up for a look (Ctrl-C ends)"
	@echo "make test    set up, then format, lint, types, floors, every test, and the wheel in a clean environment"
	@echo "make faults  the fault tests with many more faults; prints the table of the README (an hour and a half)"
	@echo "make bench   the figures of bench/README.md (BENCH_OPTIONS=--quick for a look in some minutes)"
	@echo "make lint | types | floors | unit | wheel | lock | clean"

setup: $(STAMP)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hotlead needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)

$(STAMP): requirements-dev.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(BENCH_STAMP): requirements-bench.txt $(STAMP)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-bench.txt
	@touch $@

demo: $(STAMP)
	$(BIN)/hotlead demo $(DEMO_OPTIONS)

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

floors: $(STAMP)
	$(BIN)/lint-imports

unit: $(STAMP)
	$(BIN)/pytest -q tests/unit

test: lint types floors
	$(BIN)/pytest -q -n 3 --dist worksteal tests
	$(MAKE) --no-print-directory wheel

# Many more faults than in `make test`, and the table of the README; takes about an hour and a half.
faults: $(STAMP)
	$(BIN)/python -m tests.support.fault_tally $(FAULT_OPTIONS)

wheel: $(STAMP)
	$(BIN)/python -m tests.support.wheel

bench: $(BENCH_STAMP)
	$(BIN)/python -m bench $(BENCH_OPTIONS)

# Exact versions with hashes, for every platform, without registry addresses.
lock: $(STAMP)
	$(BIN)/python -m pip install --quiet uv
	for set in "requirements.txt " "requirements-dev.txt --extra dev" "requirements-bench.txt --extra dev --extra bench"; do \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml --output-file $$set || exit 1; done

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache

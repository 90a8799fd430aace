# `make demo` and `make test` need Python 3.11 or newer with pip, and nothing else: each makes
# .venv, installs into it the versions that constraints.txt pins, and does its job.
# Another interpreter: make test PYTHON=python3.12

ifndef PYTHON
PYTHON := $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$name && exit; done; echo python3)
endif

VENV := .venv
BIN := $(VENV)/bin
# Asked for by name and version, so that a machine with a CPU build at hand takes that one.
TORCH := $(shell sed -n '/^torch==/p' constraints.txt)
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt
OUT := demo

CASA_VENV := .venv-casa
CASA := casatools==6.7.0.31 casatasks==6.7.0.31
# casatasks does not say that it needs six; python-casacore is there for its measures data alone.
CASA_DATA := six==1.17.0 python-casacore==3.8.1
# CASA has wheels for these versions of Python.
CASA_PYTHON := $(shell for name in python3.12 python3.11 python3.10 $(PYTHON); do \
	$$name -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' 2>/dev/null \
	&& echo $$name && exit; done; echo python3.12)

.PHONY: help demo test docs lint format bench guard casa clean

help:
	@echo "make demo    simulate a cube, detect in it, write the results to $(OUT)/"
	@echo "make test    style, types and the whole test suite"
	@echo "make docs    the pages of docs/ as a site in docs/_build/; a warning is an error"
	@echo "make lint    style and types alone"
	@echo "make format  put the style right"
	@echo "make bench   score finders on the paper's set (arguments in BENCH=...)"
	@echo "make guard   record anew what tests/guard holds the code to"
	@echo "make casa    CASA in $(CASA_VENV), 1.1 GB, for the tests in tests/casa"
	@echo "make clean   remove everything that make made"

demo: $(VENV)/.core
	$(BIN)/deepfocus demo --out $(OUT)

# Tests start a hundred processes of Python: with bytecode, whatever the environment says, they
# start sooner. A file's tests stay together, with what they share, and Slurm's, which wait, begin.
test: lint
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest \
		-n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

docs: $(VENV)/.docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --jobs auto -b html docs docs/_build/html

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.core
	$(BIN)/deepfocus benchmark paper $(BENCH)

guard: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python tests/guard/guard_record.py

casa: $(CASA_VENV)/.made

clean:
	rm -rf $(VENV) $(CASA_VENV) $(OUT) build dist docs/_build src/*.egg-info
	rm -rf .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written last, so an install that was interrupted is done again.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is missing or older than 3.11; install Python 3.11 or newer," \
		"or name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# Where CASA looks for its data is said in its own site-packages: ~/.casa is not touched.
$(CASA_VENV)/.made: tests/casa/casasiteconfig.py
	$(CASA_PYTHON) -m venv $(CASA_VENV)
	$(CASA_VENV)/bin/python -m pip install --disable-pip-version-check --quiet $(CASA)
	$(CASA_VENV)/bin/python -m pip install --disable-pip-version-check --quiet --no-deps $(CASA_DATA)
	cp $< $$($(CASA_VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
	@touch $@

$(VENV)/.core: pyproject.toml constraints.txt | $(VENV)/.made
	$(INSTALL) -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/.made
	$(INSTALL) $(TORCH)
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/.core

$(VENV)/.docs: pyproject.toml constraints.txt | $(VENV)/.made
	$(INSTALL) -e '.[docs]'
	@touch $@

# Two commands do all the set-up: `make run` and `make test`.
.PHONY: run install test browser lint types contracts clean lock

PYTHON ?= python3
VENV := .venv
TEST_VENV := .venv-test
TEST_BIN := $(TEST_VENV)/bin
WEB_SOURCES := $(shell find app/web/src -type f)
# Pinned versions: constraints.txt is written by `make lock`.
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

run: $(VENV)/.installed
	@$(VENV)/bin/emotitune database upgrade
	@$(VENV)/bin/emotitune demo render --if-empty
	@exec $(VENV)/bin/emotitune serve

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt package-lock.json $(WEB_SOURCES)
	@echo "installing EmotiTune into $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"EmotiTune needs Python 3.11 or newer, this is {sys.version.split()[0]}")'
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python $(PIP_INSTALL) --editable .
	@touch $@

$(TEST_VENV)/.installed: pyproject.toml constraints.txt package-lock.json $(WEB_SOURCES)
	@echo "installing EmotiTune with all it is trained and tested with into $(TEST_VENV)"
	@$(PYTHON) -m venv $(TEST_VENV)
	@$(TEST_BIN)/python $(PIP_INSTALL) --editable '.[train,test]'
	@$(TEST_BIN)/python app/web/build_assets.py --dev
	@touch $@

# Two processes with a thread each: with more threads than cores, most of the time goes into waiting for one another.
test: export OMP_NUM_THREADS ?= 1
test: $(TEST_VENV)/.installed browser lint types contracts
	$(TEST_BIN)/python -m pytest --numprocesses 2 --dist loadfile --cov --cov-report=term:skip-covered

# Chromium for the browser tests, where a package manager may install it; elsewhere they say that they were left out.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; } \
	  || echo "no Chromium here: browser tests will be left out"

lint: $(TEST_VENV)/.installed
	$(TEST_BIN)/ruff check .
	$(TEST_BIN)/ruff format --check .

types: $(TEST_VENV)/.installed
	$(TEST_BIN)/mypy
	$(TEST_BIN)/python app/web/build_assets.py --check

contracts: $(TEST_VENV)/.installed
	$(TEST_BIN)/lint-imports

# Resolve the pinned versions anew, for every platform and Python.
lock:
	@$(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet uv
	@.venv-lock/bin/uv pip compile --universal --python-version 3.11 --all-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet pyproject.toml --output-file constraints.txt
	@rm -rf .venv-lock

clean:
	rm -rf $(VENV) $(TEST_VENV) node_modules app/web/static/dist build dist

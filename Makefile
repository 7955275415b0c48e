# Everything that one does with this repository. Needs Python >= 3.11 and make, nothing else.
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Node.js is a package of the environment, of one version and known by its hash; its npm finds it by the path.
NODE := $(BIN)/node
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes

CODE := auth_service chat_service demo gateway launcher media_service servicekit video_service bench release tests
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-strip-extras --no-header --no-annotate --no-emit-index-url

# Extra arguments for pytest, as in `make test TESTS=tests/gateway` or `make test PYTEST="-k resume -x"`.
TESTS ?=
PYTEST ?=
# How many tests of the whole suite run at a time, 0 for all in one process. Many wait more than they work.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(min(os.cpu_count() + 1, 8))')
# A test that never ends takes its worker with it (docs/decisions/0012), which ends the run: without the last, it hung.
IN_PARALLEL = --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder --max-worker-restart=0
# To look for them in all files takes as long as the longest of them.
ALONE = $(shell grep --recursive --files-with-matches --include='test_*.py' '^@pytest.mark.alone' tests)
# How many chat instances `make run` starts, 1 to 16.
CHAT ?= 1

.PHONY: help run demo test test-fast environment check check-types check-others format bench screenshots words lock release clean

help: ## Shows this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: $(VENV)/.run ## Runs Parley here: http://127.0.0.1:8000 (CHAT=3: three chat instances)
	@exec $(BIN)/python -m launcher --chat-instances $(CHAT)

demo: $(VENV)/.run ## Runs a fresh Parley with people, rooms and pictures in it, until Ctrl-C
	@exec $(BIN)/python -m demo

# Bytecode is kept where the environment says it is not: each worker and each process that a test starts would compile
# everything anew. Empty, the variable counts as unset.
test test-fast: export PYTHONDONTWRITEBYTECODE :=
# Tests make thousands of small databases, whose commits wait for the disk: in memory, where it has room for them.
test test-fast: export PYTEST_DEBUG_TEMPROOT = $(shell $(PYTHON) -c 'import shutil; \
	print("/dev/shm" if shutil.disk_usage("/dev/shm").free >= 2**31 else "")' 2>/dev/null)

test: $(VENV)/.dev ## Runs the whole test suite (TESTS=tests/gateway: a part of it)
ifeq ($(TESTS),)
	@$(BIN)/python -m pytest -m alone --quiet --cov --cov-report= --cov-fail-under=0 $(PYTEST) $(ALONE)
	@$(BIN)/python -m pytest -m "not alone" $(IN_PARALLEL) --cov --cov-append $(PYTEST)
else
	@$(BIN)/python -m pytest $(PYTEST) $(TESTS)
endif

test-fast: $(VENV)/.dev ## Runs what needs no browser and no whole Parley, on SQLite: two to three minutes
	@$(BIN)/python -m pytest $(IN_PARALLEL) --ignore=tests/browser --ignore=tests/system -k "not postgresql" $(PYTEST)

environment: $(VENV)/.dev node_modules/.stamp ## Makes .venv and node_modules, or brings them up to date

# mypy takes as long as all the others.
check: $(VENV)/.dev node_modules/.stamp ## Lint, format, types, import contracts, spelling; the scripts too
	@$(MAKE) --jobs=2 check-types check-others

check-types:
	@$(BIN)/mypy $(wildcard $(CODE))

check-others:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/codespell
	@$(NODE) node_modules/typescript/bin/tsc
	@$(NODE) node_modules/eslint/bin/eslint.js gateway/static

format: $(VENV)/.dev ## Formats the code and repairs what ruff can
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

bench: $(VENV)/.dev ## Prints the benchmark tables of this machine
	@$(BIN)/python -m bench

screenshots: $(VENV)/.dev ## Pictures of every page into docs/screenshots/ (needs Chromium)
	@$(BIN)/python -m bench.screenshots

words: $(VENV)/.dev ## Takes new texts of the pages into the catalogues of gateway/locales/, to be translated there
	@$(BIN)/pybabel -q extract -F pyproject.toml -k gettext_noop -k t --add-location=file --no-wrap \
		--omit-header -o gateway/locales/messages.pot .
	@$(BIN)/pybabel -q update -i gateway/locales/messages.pot -d gateway/locales --no-wrap --omit-header \
		--no-fuzzy-matching --ignore-obsolete
	@rm gateway/locales/messages.pot

# The order matters: each lock holds the one before it, at the same versions. LOCK_FLAGS= keeps what is pinned already.
LOCK_FLAGS ?= --upgrade
lock: $(VENV)/.dev ## Pins the newest releases into requirements/, with hashes, for every supported Python
	@echo pip | $(LOCK) $(LOCK_FLAGS) --output-file requirements/pip.txt -
	@$(LOCK) $(LOCK_FLAGS) --output-file requirements/runtime.txt pyproject.toml
	@$(LOCK) $(LOCK_FLAGS) --constraint requirements/runtime.txt --extra launcher \
		--output-file requirements/launcher.txt pyproject.toml
	@$(LOCK) $(LOCK_FLAGS) --constraint requirements/launcher.txt --extra launcher --extra dev \
		--output-file requirements/dev.txt pyproject.toml
ifneq ($(LOCK_FLAGS),)
	@$(NPM) install --loglevel=error --package-lock-only @eslint/js@latest eslint@latest typescript@latest
endif

# What it publishes is for a person to push.
release: $(VENV)/.dev node_modules/.stamp ## Checks that this commit can be a release, and tags it; pushes nothing
	@$(BIN)/python -m release

clean: ## Removes .venv, node_modules and every cache; ./data stays
	@rm -rf $(VENV) node_modules .coverage .coverage.* htmlcov .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: an environment is brought up to date when its lock is newer than it.
$(VENV)/.run: requirements/launcher.txt $(VENV)/.pip
	@echo "Installing what Parley needs into $(VENV) ..."
	@$(PIP_INSTALL) -r $<
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.pip
	@echo "Installing what Parley and its tests need into $(VENV) ..."
	@$(PIP_INSTALL) -r $<
	@touch $(VENV)/.run $@

node_modules/.stamp: package-lock.json $(VENV)/.dev
	@echo "Installing what checks the scripts of the pages into node_modules ..."
	@$(NPM) ci --loglevel=error
	@touch $@

# pip of one version, known by its hash: what a Python brings may be years old, and read a lock in its own way.
$(VENV)/.pip: requirements/pip.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Parley needs Python 3.11 or newer; '$(PYTHON)' is" \
			"$$($(PYTHON) --version 2>/dev/null || echo not there). Name another: make PYTHON=python3.13" >&2; \
		exit 1; }
	@echo "Making $(VENV) with $$(sed 's/ .*//;q' $<), pinned in $< ..."
	@$(PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV); \
		echo "Python could not make $(VENV). On Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; }
	@$(PIP_INSTALL) -r $<
	@touch $@

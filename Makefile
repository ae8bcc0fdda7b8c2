# Everything this project can do, one target each: make help
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

PYTHON ?= python3
BIN := .venv/bin
CODE := app simulators migrations tools tests benchmarks
BENCHES = foundation live customs
HERE = $(wildcard $(CODE))
ARGS ?=

.PHONY: help
help: ## Explain all targets
	@echo "make TARGET. Settings are environment variables (docs/operations.md):"
	@echo "  FTZ_HOST, FTZ_PORT (8000), FTZ_VAR (var/): where it listens and keeps its state; two instances need two"
	@echo "  FTZ_DEMO=0: an empty zone; FTZ_DATABASE_URL: a PostgreSQL server of your own; ARGS: more for pytest"
	@echo
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)$$/  \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

# --- run -------------------------------------------------------------------------------------------------

.PHONY: run
run: ## Set up what is missing and start everything; Ctrl-C stops it, the data stay
	@$(PYTHON) tools/bootstrap.py run

.PHONY: doctor
doctor: ## Look for what is wrong with this installation and say what to do
	@$(PYTHON) tools/bootstrap.py assets
	@$(BIN)/ftz doctor

.PHONY: migrate
migrate: ## Bring the database schema to this version
	@$(PYTHON) tools/bootstrap.py assets
	@$(BIN)/ftz migrate

.PHONY: fresh
fresh: ## Forget all data of this installation (asks first; FTZ_YES=1 does not)
	@$(PYTHON) tools/bootstrap.py assets
	@$(BIN)/ftz fresh $(if $(FTZ_YES),--yes)

# --- test ------------------------------------------------------------------------------------------------

.PHONY: test
test: ## Set up what is missing and run all tests; ARGS='-k name' chooses
	@$(PYTHON) tools/bootstrap.py test -m "not deep" $(ARGS)

.PHONY: test-fast
test-fast: ## Tests that need neither a database nor a browser, within about a minute
	@$(PYTHON) tools/bootstrap.py test -m "not deep and not browser and not database" $(ARGS)

.PHONY: test-deep
test-deep: ## Long fuzz, kill cycles and mutations
	@$(PYTHON) tools/bootstrap.py test -m deep -n 0 --timeout 3600 $(ARGS)

.PHONY: pictures
pictures: ## Make the pictures of the guides anew, by the browser tests that walk there
	@FTZ_SCREENS=guides $(PYTHON) tools/bootstrap.py test -n 0 -m browser -p no:randomly tests/browser/test_journey.py tests/browser/test_board.py tests/browser/test_counter.py tests/browser/test_legal.py tests/browser/test_operations.py $(ARGS)

.PHONY: bench
bench: setup-dev ## Print the ratio tables of every benchmark
	@for name in $(or $(BENCH),$(BENCHES)); do echo "== $$name"; $(BIN)/python -m "benchmarks.$$name" || exit 1; done

# --- check -----------------------------------------------------------------------------------------------

.PHONY: check
check: setup-dev format-check lint types boundaries templates translations procedures tests ## All that must be right before a change goes in; CI runs this

.PHONY: setup-dev
setup-dev: ## Set up what development and tests need
	@$(PYTHON) tools/bootstrap.py check

.PHONY: format
format: setup-dev ## Bring code into its form
	@$(BIN)/ruff format $(HERE)
	@$(BIN)/ruff check --select I --fix $(HERE)

.PHONY: format-check
format-check: setup-dev ## Check the form of the code, changing nothing
	@echo "== format"; $(BIN)/ruff format --check $(HERE)

.PHONY: lint
lint: setup-dev ## Look for faults and bad habits
	@echo "== lint"; $(BIN)/ruff check $(HERE)

.PHONY: types
types: setup-dev ## Check the types
	@echo "== types"; $(BIN)/mypy

.PHONY: boundaries
boundaries: setup-dev ## Check which module may import which
	@echo "== boundaries"; $(BIN)/lint-imports

.PHONY: templates
templates: setup-dev ## Check form and faults of the page templates
	@echo "== templates"; $(BIN)/djlint app --profile=jinja --ignore J018,H025 --lint --quiet

.PHONY: translations
translations: setup-dev ## Check that every text is translated
	@echo "== translations"; $(BIN)/python -m tools.i18n check

.PHONY: procedures
procedures: setup-dev ## Check the procedures, and that no published one has changed
	@echo "== published procedures"; $(BIN)/ftz procedure check

.PHONY: tests
tests: setup-dev
	@echo "== tests"; $(PYTHON) tools/bootstrap.py test -m "not deep" $(ARGS)

.PHONY: i18n
i18n: setup-dev ## Collect texts that wait for translation
	@$(BIN)/python -m tools.i18n update

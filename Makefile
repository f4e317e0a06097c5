# The chores of layerwatch. `make help` lists them.
VENV    ?= .venv
PYTHON  ?= python3
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check

# make demo ONCE=1 LAYERS=8 SOURCE=DIR PROFILE=single-light PERIOD=2 SIZE=1000 SEED=7 PORT=8000
ONCE ?=
LAYERS ?=
SOURCE ?=
PROFILE ?= nist-ammt
PERIOD ?= 2
SIZE ?= 1000
SEED ?= 7
PORT ?= 8000
JOBS ?= 2
ROUNDS ?= 3
RUN_DIR ?= run/demo
OSV_URL ?=

ROOMS := layerwatch ingest worker trainer monitoring simulator demo deploy
ROLES := ingest worker-cpu worker-gpu trainer monitoring simulator

.DEFAULT_GOAL := help
.PHONY: help demo test test-compose chaos check scan audit sbom format bench screenshots schema dashboards locks secrets starter clean

help: ## list the chores
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo; echo "  VENV=DIR shares one virtual environment between checkouts."

demo: $(VENV)/.demo ## the whole system with a simulated printer; ONCE=1 LAYERS=8 ends by itself, SOURCE=DIR PROFILE=single-light streams your pictures
	@$(BIN)/python -m demo run --profile "$(PROFILE)" --period $(PERIOD) --size $(SIZE) --seed $(SEED) --port $(PORT) \
	  --run-dir "$(RUN_DIR)" $(if $(ONCE),--once) $(if $(LAYERS),--layers $(LAYERS)) $(if $(SOURCE),--source "$(SOURCE)")

test: $(VENV)/.dev test-compose ## install everything and run every test, JOBS=2 files at a time
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not compose and not chaos"

test-compose: $(VENV)/.dev ## of these, build the images and run them by docker compose; minutes, skips without an engine
	$(BIN)/python -m pytest -m compose

chaos: $(VENV)/.dev ## break each container while a printer prints, ROUNDS=3 times, 9 minutes each; writes docs/reliability.md
	@rm -rf run/chaos && mkdir -p run/chaos
	for round in $$(seq $(ROUNDS)); do \
	  LAYERWATCH_CHAOS_RECORDS="$$PWD/run/chaos/$$round.jsonl" $(BIN)/python -m pytest -m chaos || exit 1; done
	$(BIN)/python -m bench.reliability run/chaos --write docs/reliability.md

check: $(VENV)/.dev ## format, lint, types, import rules, schema, dashboard, unit tests, scan: fast
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m layerwatch.schema --check
	$(BIN)/python -m monitoring.grafana --check
	$(BIN)/python -m pytest tests/unit -m "not torch" -n $(JOBS) --dist loadfile
	@$(MAKE) --no-print-directory scan

scan: $(VENV)/.dev ## look for risky code, mistakes in the Dockerfile, and passwords in what is committed
	$(BIN)/bandit --quiet --configfile pyproject.toml --severity-level medium --recursive $(ROOMS)
	$(BIN)/hadolint Dockerfile
	$(BIN)/kingfisher scan . --quiet --no-validate --no-update-check --no-ignore-if-contains \
	  --exclude .venv --exclude .pytest_cache --skip-word hunter --skip-word PASSWORD

audit: $(VENV)/.dev ## ask which packages of the images have known vulnerabilities; OSV_URL=URL asks your mirror, else it needs a network
	$(BIN)/python -m deploy.audit $(if $(OSV_URL),--osv-url "$(OSV_URL)")

sbom: $(VENV)/.dev ## write dist/sbom/: a bill of materials (CycloneDX) for each image
	@mkdir -p dist/sbom
	for role in $(ROLES); do PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements "deploy/locks/$$role.txt" --pyproject pyproject.toml \
	  --output-reproducible --output-file "dist/sbom/$$role.json" || exit 1; done

format: $(VENV)/.dev ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## time network, inspection, the whole path, ingest, history and page on this machine; writes docs/performance.md
	$(BIN)/python -m bench --write docs/performance.md

screenshots: $(VENV)/.dev ## print two builds and picture every page, both themes, desk and phone; writes docs/screenshots/
	$(BIN)/python -m demo screenshots

schema: $(VENV)/.dev ## write docs/schema/ from the wire contract
	$(BIN)/python -m layerwatch.schema

dashboards: $(VENV)/.dev ## write monitoring/grafana/layerwatch.json from its rows
	$(BIN)/python -m monitoring.grafana

secrets: ## make passwords, Redis' users and .env for docker compose; TLS="redis HOST ADDRESS" makes certificates, too
	$(PYTHON) -m deploy.set_up $(if $(TLS),--tls $(TLS))

locks: $(VENV)/.dev ## write deploy/locks/: what the images install, each package with its hashes
	sh deploy/lock.sh $(BIN)/uv

clean: ## remove what builds and demos left behind (not .venv, not artifacts/)
	rm -rf run build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(BIN)/pip: # written last: an environment that was cut off in the making has none, and is made again
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Python 3.11 or newer is needed; name one with PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "error: Python cannot make virtual environments here; install it: apt-get install python3-venv"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/pip pyproject.toml
	$(PIP) install -q -e '.[demo]'
	@touch $@

$(VENV)/.dev: $(BIN)/pip pyproject.toml
	$(PIP) install -q -e '.[dev]'
	@touch $@ $(VENV)/.demo

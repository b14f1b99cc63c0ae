# data dam: what a person or CI runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo drill test lint light peers bench torture attack match foreign text docs lock clean sbom wheelhouse

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
FOREIGN := .venv-foreign/.ready
TEXT := .venv-text/.ready
ACCOUNTANT := .venv-accountant/.ready
PEERS := datacontract frictionless great-expectations opendp-polars pandera pointblank pycanon smartnoise
CORES ?= $(shell getconf _NPROCESSORS_ONLN)
CODE := src tests benchmarks scripts $(if $(wildcard demo/*.py),demo) $(if $(wildcard drill/*.py),drill)

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1 — /'

setup: $(READY) ## make .venv with everything pinned, once

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[server,demo,dev]'
	touch $@

demo: setup ## bring up a dam with fictional firms and real data; ONCE=1 ends when all has passed
	ONCE="$(ONCE)" $(BIN)/python -m demo.run

drill: setup ## two dams of two countries act as one, and leave evidence of it; ONCE=1 ends when all has passed
	ONCE="$(ONCE)" NETWORKS="$(NETWORKS)" $(BIN)/python -m drill.run

foreign: $(FOREIGN) $(ACCOUNTANT) ## what foreign checkers need: Go, Node, the official Delta Sharing client, dp-accounting, each for itself
	@scripts/system_packages.sh

$(FOREIGN): constraints-foreign.txt
	$(PYTHON) -m venv .venv-foreign
	.venv-foreign/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-foreign.txt delta-sharing
	touch $@

$(ACCOUNTANT): constraints-accountant.txt
	$(PYTHON) -m venv .venv-accountant
	.venv-accountant/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	touch $@

text: $(TEXT) ## Presidio in an environment of its own, for the tests of what looks through free text

$(TEXT): constraints-text.txt
	$(PYTHON) -m venv .venv-text
	.venv-text/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r constraints-text.txt
	touch $@

test: setup foreign text ## every test, with coverage gates; docs are checked too
	mkdir -p build
	$(BIN)/python -m pytest -q --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder --cov --cov-report= $(ARGS) 2>&1 | tee build/test.log
	$(BIN)/coverage json -q -o coverage.json
	$(BIN)/python scripts/coverage_gates.py coverage.json

lint: setup ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	PYTHONPATH=src $(BIN)/lint-imports
	$(BIN)/python scripts/lock.py --check

light: ## the client as users get it: from the wheel, with nothing but what it declares
	rm -rf .venv-light
	$(PYTHON) -m venv .venv-light
	.venv-light/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt .
	cd .venv-light && bin/datadam --version && bin/datadam keygen light.key && bin/datadam standard packaged
	cd .venv-light && bin/python -c 'import datadam; datadam.connect("http://127.0.0.1:1", key="light.key")'

peers: $(PEERS:%=.venv-peers/%/.ready) ## what benchmarks/peers.py and private_answer.py measure beside ours, each in an environment of its own

.venv-peers/%/.ready: benchmarks/sides/%.txt
	$(PYTHON) -m venv .venv-peers/$*
	.venv-peers/$*/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	touch $@

bench: setup ## every benchmark, and the table in docs/benchmarks.md; ROWS bounds the size, INTO names another file
	$(BIN)/python benchmarks/run.py $(if $(ROWS),--rows $(ROWS)) $(if $(INTO),--into $(INTO))

torture: setup ## kill, starve and mislead a dam, and the table in docs/torture.md; KILLS and SCHEDULES bound it, INTO names another file
	$(BIN)/python tests/torture/run.py --kills $(or $(KILLS),300) --into $(or $(INTO),docs/torture.md)
	$(if $(filter-out 0,$(or $(SCHEDULES),3000)),SCHEDULES=$(or $(SCHEDULES),3000) $(BIN)/python -m pytest -q --numprocesses $(CORES) tests/test_federation_simulated.py)

attack: setup ## every attack in full, and the table in docs/attacks.md; every hostile file, which lie in build/hostile afterwards
	$(BIN)/python scripts/hostile_files.py build/hostile
	$(BIN)/python -m pytest -q tests/test_hostile_files.py tests/attacks
	$(BIN)/python tests/attacks/run.py $(if $(FEW),--few) --into $(or $(INTO),docs/attacks.md)

docs: setup ## write what is generated: reference, architecture, pictures
	$(BIN)/python scripts/architecture.py
	$(BIN)/python scripts/docs.py
	$(BIN)/python scripts/draw.py

lock: setup ## write constraints.txt from what is installed
	$(BIN)/python scripts/lock.py

match: setup ## how surely a hidden shared supplier is found, over NETWORKS (100) of each kind, into docs/match.md; INTO names another file
	$(BIN)/python scripts/match_statistics.py --networks $(or $(NETWORKS),100) --into $(or $(INTO),docs/match.md)

sbom: setup ## the bill of materials of datadam[server], as it is installed here: build/sbom.json (CycloneDX)
	$(BIN)/python scripts/sbom.py build/sbom.json

wheelhouse: setup ## every wheel that a machine without a network needs, in build/wheelhouse, and an install from it alone
	rm -rf build/wheelhouse build/.offline
	mkdir -p build/wheelhouse
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check -c constraints.txt -w build/wheelhouse '.[server,postgres]'
	$(PYTHON) -m venv build/.offline
	build/.offline/bin/python -m pip install --quiet --disable-pip-version-check --no-deps build/wheelhouse/*.whl
	build/.offline/bin/python -m pip check --disable-pip-version-check
	build/.offline/bin/datadam init build/.offline/dam --name offline.example/log --jurisdiction KR
	build/.offline/bin/datadam check build/.offline/dam
	rm -rf build/.offline
	cd build/wheelhouse && sha256sum *.whl > SHA256SUMS && wc -l < SHA256SUMS

clean: ## remove the demonstration's dam and everything built, but not the environments
	rm -rf demo-dam build dist .venv-light .coverage .coverage.* coverage.json .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache

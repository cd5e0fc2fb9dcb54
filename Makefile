.PHONY: run test check bench setup setup-test setup-bench fmt
VENV := .venv/bin
PYTEST := $(VENV)/pytest -n 2 --dist loadfile
REPO ?= sample

run: setup ## Start DevGem and deploy the sample, or REPO=<git url or folder>
	$(VENV)/devgem up --deploy "$(REPO)"

test: setup-test ## Every test
	$(PYTEST)
	cd ui && npm test --silent

check: setup-test ## Format, lint, types, import contract, sizes, docs, then every test
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(VENV)/python scripts/sizes.py
	cd ui && npm run --silent check
	$(PYTEST)
	cd ui && npm test --silent

bench: setup-bench ## Every benchmark, as ratios in one run
	$(VENV)/python -m bench

fmt:
	$(VENV)/ruff check --fix-only --quiet .
	$(VENV)/ruff format .

setup:
	@scripts/bootstrap run
setup-test:
	@scripts/bootstrap test
setup-bench:
	@scripts/bootstrap bench

# mailhitl: `make demo` shows it at work, `make test` proves it. Both start from nothing but python3.

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo story test check bench fuzz soak

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with everything that development needs (uv where there is one, else venv and pip)

$(READY): pyproject.toml .ci/setup
	@.ci/setup $(VENV)
	@touch $@

demo: $(READY) ## A shop's inbox, the agent at work, and you as the reviewer in your own mail client (ARGS="--help")
	@$(VENV)/bin/mailhitl demo $(ARGS)

story: $(READY) ## The demo with played reviewers: every outcome is checked, exit 1 if one differs
	@$(VENV)/bin/mailhitl demo --story $(ARGS)

test: $(READY) ## Every test, real servers and a real mail client included (ARGS="-k packet")
	@.ci/servers
	@$(PYTHON) -m pytest -n auto --dist loadfile $(ARGS)
	@echo "make test: everything that ran has passed; what was left out stands above as SKIPPED."

check: $(READY) ## Format, lint, types, import contracts and house rules
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@$(VENV)/bin/lint-imports
	@$(PYTHON) -m pytest -q tests/house

bench: $(READY) ## Measure the costs that the project is held to, as ratios within one run (ONLY="a c")
	@.ci/servers
	@$(PYTHON) -m bench $(ONLY)

fuzz: $(READY) ## Throw mutated octets at every reader, guided by what they reach where atheris runs (MINUTES=60 ONLY="stamp")
	@$(PYTHON) -c 'import atheris' 2>/dev/null \
	  || PIP_ONLY_BINARY=atheris UV_NO_BUILD_PACKAGE=atheris .ci/setup $(VENV) dev,fuzz \
	  || echo "make fuzz: no atheris for this machine, so the octets are mutated blindly"
	@$(PYTHON) -m bench.fuzz $(or $(MINUTES),60) $(ONLY)

soak: $(READY) ## Faults, kill -9, customers and reviewers for a while; exit 1 if anything is lost or twice (MINUTES=30)
	@.ci/servers
	@$(PYTHON) -m bench.soak $(or $(MINUTES),30)

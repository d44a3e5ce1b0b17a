# The list of what you can ask for. `make` alone prints it.
#
# Everything runs inside .venv, which the first command makes from
# requirements.lock; nothing needs to be installed or activated by hand.

.DEFAULT_GOAL := help
SHELL := /bin/sh

ifeq ($(MAKE_VERSION),)
$(error This Makefile needs GNU make: run `gmake` instead of `make`)
endif
ifneq ($(firstword $(sort 3.81 $(MAKE_VERSION))),3.81)
$(error GNU make 3.81 or newer is needed and this is $(MAKE_VERSION): install a newer make)
endif

# Names in capitals given on the command line (AS_OF=2025-08-28) reach the driver,
# which checks them against the parameters of the notebooks.
export OVERRIDES := $(MAKEOVERRIDES)

PY := .venv/bin/python
DRIVER := $(PY) -m analysis_utils.workflow

# The first Python that is new enough; PYTHON=/path/to/python3.11 chooses another.
PYTHON_OK := -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
FIND_PYTHON = for p in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	if "$$p" $(PYTHON_OK); then found=$$p; break; fi; done; \
	if [ -z "$$found" ]; then echo "Set-up stopped: Python 3.11 or newer is needed" \
	"and none was found; install one, or name it: make PYTHON=/path/to/python3.11" >&2; \
	exit 1; fi

.PHONY: help all run why list raw clean test bench calibrate validation lock environment

help: ## Print this list
	@echo "Reference study of the 287(g) programme"
	@echo
	@grep -hE '^[a-z]+:.*## ' Makefile | sed 's/:.*## /\t/' | \
	  awk -F'\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'
	@echo
	@echo "New here? 'make all' reproduces every output, 'make test' tests; both set"
	@echo "themselves up. 'make all AS_OF=2025-08-28' and 'make run NOTEBOOK=... STATE=FL'"
	@echo "put their results into outputs/custom/ and leave the archived ones alone."

environment: ## Make .venv from requirements.lock, if it is not ready
	@$(FIND_PYTHON); "$$found" src/analysis_utils/workflow/environment.py

all: environment ## Reproduce every output: run what is stale, leave what is fresh
	@$(DRIVER) all

run: environment ## Run one notebook with your parameters (NOTEBOOK=02_... EVENT=... STATE=FL)
	@$(DRIVER) run

why: environment ## Say for each run what changed since its outputs were made
	@$(DRIVER) why

list: environment ## List the notebooks with their runs and parameters
	@$(DRIVER) list

raw: environment ## Fetch the published files with checksums (177 files, 30 MB; resumes)
	@$(PY) -m analysis_utils.collect.fetch

clean: ## Remove the outputs, so that `make all` computes everything again
	@rm -rf outputs/[0-9]* outputs/custom outputs/failed outputs/.[a-z]*
	@echo "Outputs removed; the archived ones come back by 'make all' (or 'git restore outputs')."

test: environment ## Test everything
	@$(PY) -m pytest -n 2 --dist worksteal

bench: environment ## Time the batched engine against loops that do the same (a minute)
	@$(PY) tests/bench_engine.py docs/benchmark.md

calibrate: environment ## Error rates of all estimators by simulation (minutes, seeded)
	@for part in tests/calibration_*.py; do \
	  name=$$(basename $$part .py); echo "$$name"; \
	  $(PY) $$part docs/$$name.csv || exit 1; done

validation: environment ## Write the table of published cases beside our numbers
	@$(PY) tests/validation.py docs/validation.md

lock: environment ## Resolve pyproject.toml into requirements.lock anew
	@.venv/bin/uv pip compile -q --universal --fork-strategy fewest --generate-hashes \
	  --no-header --no-annotate --python-version 3.11 --extra test --extra build \
	  pyproject.toml -o requirements.lock

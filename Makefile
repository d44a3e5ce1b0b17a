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
REVIEW := $(PY) -m analysis_utils.review
DEPOSIT := $(PY) -m analysis_utils.deposit
EDITOR_TOOLS := $(PY) -m analysis_utils.editor
COMPILE := $(PY) -m analysis_utils.collect.compile

# The first Python that is new enough; PYTHON=/path/to/python3.11 chooses another.
PYTHON_OK := -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
FIND_PYTHON = for p in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	if "$$p" $(PYTHON_OK); then found=$$p; break; fi; done; \
	if [ -z "$$found" ]; then echo "Set-up stopped: Python 3.11 or newer is needed" \
	"and none was found; install one, or name it: make PYTHON=/path/to/python3.11" >&2; \
	exit 1; fi

.PHONY: help all run why list clean test environment lock verify trace standards \
	measure deposit raw data register update lab new tidy bench calibrate validation
.NOTPARALLEL:

help: ## Print this list
	@echo "Reference study of the 287(g) programme"
	@awk -F':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "New here? 'make all' reproduces every output, 'make test' tests; both set"
	@echo "themselves up. 'make all AS_OF=2025-08-28' and 'make run NOTEBOOK=... STATE=FL'"
	@echo "put their results into outputs/custom/ and leave the archived ones alone."

##@ Reproduce
all: environment ## Reproduce every output: run what is stale, leave what is fresh
	@$(DRIVER) all

run: environment ## Run one notebook with your parameters (NOTEBOOK=02_... EVENT=... STATE=FL)
	@$(DRIVER) run

why: environment ## Say for each run what changed since its outputs were made
	@$(DRIVER) why

list: environment ## List the notebooks with their runs and parameters
	@$(DRIVER) list

# The deviation log stays: it comes from git history, which an archive does not have.
clean: ## Remove the outputs, so that `make all` computes everything again
	@rm -rf outputs/[0-9]* outputs/README.md outputs/custom outputs/failed outputs/.[a-z]*
	@rm -f outputs/verdicts/manifest.json outputs/verdicts/verdicts.* outputs/verdicts/results.csv
	@echo "Outputs removed; the archived ones come back by 'make all' (or 'git restore outputs')."

##@ Review
test: environment ## Test everything
	@$(PY) -m pytest -n 2 --dist worksteal

verify: environment ## Make everything again and compare with the archive (AGAINST=a tag or folder)
	@$(REVIEW) verify

trace: environment ## Say where a number comes from (KEY=...), or what rests on data (DATA=data/...)
	@$(REVIEW) trace

deposit: environment ## Pack an archive for a journal, check it, prove it (ENVIRONMENT=present: faster)
	@$(DEPOSIT) deposit

standards: environment ## Write README.txt (replication README), codecheck.yml, .zenodo.json
	@$(DEPOSIT) standards

measure: environment ## Measure time and memory of every run, for README.txt
	@$(DEPOSIT) measure

##@ Write
lab: environment ## Open JupyterLab, for this machine only (PORT=8888 BROWSER=no)
	@$(EDITOR_TOOLS) lab

new: environment ## Make a notebook, its run and its test (NAME=18_my_question)
	@$(EDITOR_TOOLS) new

tidy: environment ## Put source notebooks right for git; set up `git diff` for them
	@$(EDITOR_TOOLS) tidy

##@ Data
update: environment ## Take a new ICE list in (LIST=file-or-address, DATE=, CONFIRM=yes)
	@$(PY) -m analysis_utils.collect.update "$(LIST)" "$(DATE)" "$(CONFIRM)"

register: environment ## Compile the register anew after a change in data/hand (no raw files needed)
	@$(COMPILE) register

raw: environment ## Fetch the published files with checksums (178 files, 30 MB; resumes)
	@$(PY) -m analysis_utils.collect.fetch

data: environment ## Compile data/ from the published files (RAW_DIR=folder, else make raw)
	@$(COMPILE) data

##@ Maintain
bench: environment ## Time the statistics and `make all` against their peers, side by side
	@$(PY) benchmarks/engine.py docs/bench.md
	@$(PY) benchmarks/frame.py

calibrate: environment ## Error rates by simulation, archived in docs/ (minutes)
	@$(PY) benchmarks/calibration_its.py docs/calibration_its.csv
	@$(PY) benchmarks/calibration_association.py docs/calibration_association.csv

validation: environment ## Write docs/validation.md: published numbers beside ours
	@$(PY) tests/validation.py docs/validation.md

environment: ## Make .venv from requirements.lock, if it is not ready
	@$(FIND_PYTHON); "$$found" src/analysis_utils/workflow/environment.py

lock: environment ## Resolve pyproject.toml into requirements.lock anew
	@.venv/bin/uv pip compile -q --universal --fork-strategy fewest --generate-hashes \
	  --no-header --no-annotate --python-version 3.11 --all-extras \
	  pyproject.toml -o requirements.lock

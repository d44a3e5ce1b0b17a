# The list of what you can ask for. `make` alone prints it.
#
# Everything runs inside .venv, which the first command makes from
# requirements.lock; nothing needs to be installed or activated by hand.

.DEFAULT_GOAL := help

ifeq ($(MAKE_VERSION),)
$(error This Makefile needs GNU make: run `gmake` instead of `make`)
endif
ifneq ($(firstword $(sort 3.81 $(MAKE_VERSION))),3.81)
$(error GNU make 3.81 or newer is needed and this is $(MAKE_VERSION): install a newer make)
endif

# Variables given on the command line (AS_OF=2025-08-28) reach the command desk through
# the environment, as they were typed: none is pasted into a recipe or expanded.
GIVEN := $(strip $(foreach name,$(.VARIABLES),$(if \
	$(filter command,$(firstword $(origin $(name)))),$(name))))
$(foreach odd,$$ ( ) { } : ; ' " \ ` & | < > %,$(if $(findstring $(odd),$(GIVEN)),$(error \
	Refused, nothing was run: the name of a variable holds letters, digits and _ only)))
$(foreach name,$(GIVEN),$(eval \
	override $(name) := $$(value $(name))))
export GIVEN $(GIVEN)
override SHELL := /bin/sh
override .SHELLFLAGS := -c

# What a person has set up for their own Python and Jupyter changes no result here.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT PYTHONWARNINGS PYTHONOPTIMIZE
unexport PYTHONUSERBASE PYTHONSAFEPATH PYTHONPLATLIBDIR PYTHONBREAKPOINT PYTHONCASEOK
unexport MPLBACKEND MPLCONFIGDIR MATPLOTLIBRC IPYTHONDIR JUPYTER_PATH JUPYTER_CONFIG_DIR
unexport JUPYTER_CONFIG_PATH JUPYTER_DATA_DIR JUPYTER_RUNTIME_DIR PYTHONIOENCODING
# In a hook of git these name the repository that it was called for.
unexport GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_COMMON_DIR GIT_OBJECT_DIRECTORY

override DESK := .venv/bin/python -m analysis_utils.commands

# The first Python that is new enough; PYTHON=/path/to/python3.11 chooses another.
override PYTHON_OK := -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
override FIND_PYTHON := for p in "$$PYTHON" python3 python3.13 python3.12 python3.11 \
	python; do if [ -n "$$p" ] && "$$p" $(PYTHON_OK); then found=$$p; break; fi; done; \
	if [ -z "$$found" ]; then echo "Set-up stopped: Python 3.11 or newer is needed" \
	"and none was found; install one, or name it: make PYTHON=/path/to/python3.11" >&2; \
	exit 1; fi

.PHONY: help all run sweep why list clean test environment lock verify trace standards \
	site paper measure deposit raw data export own arrests register update lab new tidy \
	bench calibrate validation faults
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
	@$(DESK) all

run: environment ## Run one notebook with your parameters (NOTEBOOK=02_... EVENT=... STATE=FL)
	@$(DESK) run

sweep: environment ## Run a grid (NOTEBOOK=02_... STATE=all MODEL=TFM,WSO, or SWEEP=name): one table, one figure
	@$(DESK) sweep

why: environment ## Say for each run what changed since its outputs were made
	@$(DESK) why

list: environment ## List the notebooks with their runs and parameters
	@$(DESK) list

clean: environment ## Remove the outputs; those in outputs/custom too with CUSTOM=yes
	@$(DESK) clean

##@ Review
test: environment ## Run the tests that are not long (WHOLE=yes: all; QUICK=yes: 45 seconds)
	@$(DESK) test

verify: environment ## Make everything again and compare with the archive (AGAINST=a tag or folder)
	@$(DESK) verify

trace: environment ## Say where a number comes from (KEY=...), or what rests on data (DATA=data/...)
	@$(DESK) trace

deposit: environment ## Pack an archive for a journal, check it, prove it (ENVIRONMENT=present: faster)
	@$(DESK) deposit

standards: environment ## Show what an archive gets: README.txt (replication README), inventories, ...
	@$(DESK) standards

measure: environment ## Measure time and memory of every run, for README.txt
	@$(DESK) measure

##@ Read
site: environment ## Build the site, outputs/site/index.html, from the results
	@$(DESK) site

paper: environment ## Compile the paper and the numbers for other papers (AGAINST=a tag: changes marked)
	@$(DESK) paper

##@ Write
lab: environment ## Open JupyterLab, for this machine only (PORT=8888 BROWSER=no)
	@$(DESK) lab

new: environment ## Make a notebook, its run and its test (NAME=23_my_question)
	@$(DESK) new

tidy: environment ## Put source notebooks right for git; set up `git diff` for them
	@$(DESK) tidy

##@ Data
update: environment ## Show what an ICE list changes (LIST=file-or-address, DATE=); ACCEPT=yes takes it in, UNDO=yes back
	@$(DESK) update

register: environment ## Compile the register anew after a change in data/hand (no raw files needed)
	@$(DESK) register

raw: environment ## Fetch the published files with checksums (181 files, 36 MB; resumes)
	@$(DESK) raw

own: environment ## Check your own files in data/own against what their table declares
	@$(DESK) own

arrests: environment ## Count ICE's arrest records by month, state and method (FILE=path)
	@$(DESK) arrests

data: environment ## Compile data/ from the published files (RAW_DIR=folder, else make raw)
	@$(DESK) data

export: environment ## Write the register as Parquet and SQLite into export/, with its dictionary
	@$(DESK) export

##@ Maintain
bench: environment ## Time the statistics and `make all` against their peers, side by side
	@$(DESK) bench

calibrate: environment ## Error rates by simulation, archived in docs/ (three quarters of an hour)
	@$(DESK) calibrate

validation: environment ## Write docs/validation.md: published numbers beside ours
	@$(DESK) validation

faults: environment ## Write docs/faults.md: faults tried, and the tests that hold them
	@$(DESK) faults

environment: ## Make .venv from requirements.lock, if it is not ready
	@$(FIND_PYTHON); "$$found" src/analysis_utils/workflow/environment.py

lock: environment ## Resolve pyproject.toml into requirements.lock anew
	@$(DESK) lock

# Each goal makes what it needs: a virtual environment with the packages for that goal, once.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
STAMPS := $(VENV)/.stamps
WORKERS ?= 2
# On Linux, PyPI's torch brings CUDA along. `make test TORCH_INDEX=https://download.pytorch.org/whl/cpu` leaves it out.
TORCH_INDEX ?=
SECONDS ?= 10

.DEFAULT_GOAL := help
.PHONY: help demo test test-ray lint format bench fuzz gpu-check clean lock

help: ## what there is to do
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(STAMPS)/demo ## the gateway at work, without a key, a GPU or a download
	@$(PY) -m headgate.examples.demo

test: $(STAMPS)/dev ## all tests
	@sh scripts/ensure-redis.sh
	$(PY) -m pytest -n $(WORKERS)

test-ray: $(STAMPS)/ray ## `--engine ray` on a local Ray of several workers
	$(PY) -m pytest -n 0 tests/guard/filter/engines/test_ray.py

lint: $(STAMPS)/dev ## ruff, mypy --strict and pyright
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m pyright

format: $(STAMPS)/dev ## write the code the way lint wants it
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(STAMPS)/dev ## what the gateway and judging cost, measured on this machine
	$(PY) benchmarks/gateway.py
	$(PY) benchmarks/inference.py

fuzz: $(STAMPS)/fuzz ## every reader of others' bytes under atheris, SECONDS each
	$(PY) -m tests.fuzz.fuzz all --seconds $(SECONDS)

gpu-check: $(STAMPS)/dev ## build, compare and time the text model's engines on this machine's GPU
	@$(PY) -m headgate.export.gpu_check

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) build dist .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: $(STAMPS)/dev ## write requirements-dev.txt anew from the environment
	$(PIP) list --format=freeze --exclude-editable --exclude pip --exclude setuptools \
	  | sed 's/+cpu$$//' | LC_ALL=C sort -f > requirements-dev.txt

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Headgate needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "no venv module (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }

# Pinned by requirements-dev.txt, so that a run today and a run next month see the same packages.
$(STAMPS)/demo: pyproject.toml requirements-dev.txt | $(PY)
	$(PIP) install --quiet -c requirements-dev.txt -e '.[cpu,gateway]'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: pyproject.toml requirements-dev.txt | $(PY)
	$(PIP) install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$$(grep '^torch==' requirements-dev.txt)"
	$(PIP) install --quiet -c requirements-dev.txt -e '.[dev,train,export]'
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/demo

# Apart from the rest: a cluster's worth of processes, which `make test` does not wait for.
$(STAMPS)/ray: $(STAMPS)/dev
	$(PIP) install --quiet -c requirements-dev.txt -e '.[ray]'
	@touch $@

# Apart from the rest: its wheels are for Linux alone.
$(STAMPS)/fuzz: $(STAMPS)/dev
	$(PIP) install --quiet -c requirements-dev.txt -e '.[fuzz]'
	@touch $@

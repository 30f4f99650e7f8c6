# Every target sets up what it needs in .venv, once. Beforehand: Python 3.11-3.13, make and a network.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt

NUMERICAL := $(addprefix tests/,attribution evaluation models projection text views training/test_train.py \
	training/test_freezing.py test_comparison.py test_explainer.py test_projector.py test_processors.py)

.PHONY: demo docs test check-processors matrix stress check bench reproduce clean

demo: $(VENV)/.installed
	@$(BIN)/attribkit demo --out demo

test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --durations 15

# the documentation as a site in site/, which works from a file and offline; strict: a broken link fails
docs: $(VENV)/.installed-docs
	PYTHONPATH=. $(BIN)/mkdocs build --strict --quiet

# the numerical tests as a processor without AVX-512 computes them, on one thread and on two, and as this one does on two;
# there each of several test processes has two threads: those that wait must not keep a core busy
check-processors: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python tests/smaller_processor.py $(BIN)/python -m pytest $(NUMERICAL) --numprocesses auto
	OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive $(BIN)/python tests/smaller_processor.py $(BIN)/python -m pytest $(NUMERICAL) --numprocesses auto
	OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive $(BIN)/python -m pytest $(NUMERICAL) --numprocesses auto

# the fast tests with the oldest and the newest versions allowed, on Python 3.11-3.13 where this machine has them
matrix: | $(BIN)/python
	-@$(PIP) uv
	@UV=$(CURDIR)/$(BIN)/uv bash tests/versions.sh

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py

stress: $(VENV)/.installed-dev
	$(PIP) --editable '.[fuzz]'
	ATTRIBKIT_STRESS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/stress --numprocesses auto --dist worksteal --timeout 7200 --durations 10
	$(BIN)/python tests/stress/bytes_fuzz.py -atheris_runs=50000
	$(BIN)/python benchmarks/corpus.py --only memory

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/call.py
	$(BIN)/python benchmarks/attribution.py
	$(BIN)/python benchmarks/error_against_time.py
	$(BIN)/python benchmarks/shapley.py
	$(BIN)/python benchmarks/minilm.py
	$(BIN)/python benchmarks/faithfulness.py
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/pipeline.py
	$(BIN)/python benchmarks/projection.py
	$(BIN)/python benchmarks/corpus.py
	$(BIN)/python benchmarks/serve.py
	$(BIN)/python benchmarks/workbench.py
	$(BIN)/python benchmarks/influence.py
	$(BIN)/python benchmarks/training.py

reproduce: $(VENV)/.installed
	for table in nlu_ru ag_news imdb; do $(BIN)/attribkit reproduce $$table --out results/$$table || exit 1; done

clean:
	rm -rf $(VENV) demo dist site build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11-3.13 is needed, this is %d.%d; name another with make PYTHON=..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing attribkit into $(VENV) (torch is large; minutes the first time)"
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-docs: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[docs,serve]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing attribkit and its development tools into $(VENV)"
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.installed

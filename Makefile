# `make` lists what can be made.
PYTHON ?= python3
VENV := .venv
VENV_JAX := .state/jax
VENV_CLIENT := .state/client
PY := $(VENV)/bin/python
# Twice quiet: warnings about the index of this machine say nothing about TraderAI; errors are still said.
PIP_INSTALL = $(@D)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes
WITH_SERVICES := $(PY) manage.py with_services --
# Records how the locks were made; no registry's address gets into them.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --index-strategy unsafe-best-match
APP := traderai/site/static/app
ESBUILD ?= npx --yes esbuild@0.28.2
JOBS ?= 2
# Secrets that protect nothing: the deployment checks want to see some.
DEPLOY_ENV := DJANGO_SETTINGS_MODULE=traderai.site.settings.prod ALLOWED_HOSTS=trader.example.org \
	SECRET_KEY=checked-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ

# The tests start some hundred processes; without bytecode each of them compiles every module anew.
unexport PYTHONDONTWRITEBYTECODE

# Threads of OpenMP and OpenBLAS wait for one another by spinning. Beside the other workers, which keep the cores busy,
# that is two thirds of what training costs.
test: export OMP_WAIT_POLICY = PASSIVE
test: export OPENBLAS_NUM_THREADS = 1

.DEFAULT_GOAL := help
.PHONY: help run demo test test-jax bench soak lint lock app clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.ml ## Everything on http://127.0.0.1:8000 (ONCE=1: only the main job; DATA=folder, PORT=8000)
	@exec $(PY) manage.py up $(if $(ONCE),--once) $(if $(DATA),--data "$(DATA)") $(if $(PORT),--port $(PORT))

demo: $(VENV)/.ml ## A replayed year by models trained before each quarter, then the pages (DATA=folder, ONCE=1, PORT=8000)
	@exec $(PY) manage.py up --demo $(if $(ONCE),--once) $(if $(DATA),--data "$(DATA)") $(if $(PORT),--port $(PORT))

test: $(VENV)/.dev $(VENV_CLIENT)/.client ## All tests, on a PostgreSQL and a Redis of their own (ARGS=... for pytest)
	@exec $(WITH_SERVICES) $(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not soak" $(ARGS)

test-jax: $(VENV_JAX)/.jax ## The contract of the networks on JAX, in an environment of its own
	@KERAS_BACKEND=jax exec $(VENV_JAX)/bin/python -m pytest tests/modeling/networks --ignore tests/modeling/networks/test_exported.py $(ARGS)

bench: $(VENV)/.dev ## The benchmarks of the README, on this machine
	@exec $(WITH_SERVICES) $(PY) -m tests.benchmarks

soak: $(VENV)/.dev ## The tests that are too long for every run
	@exec $(WITH_SERVICES) $(PY) -m pytest -m soak $(ARGS)

lint: $(VENV)/.dev ## Format, lint, types, import contracts, migrations, deployment checks
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(PY) -m mypy manage.py traderai market features modeling signals portfolio behavior training_game
	$(VENV)/bin/lint-imports
	DJANGO_SETTINGS_MODULE=traderai.site.settings.test $(WITH_SERVICES) $(PY) manage.py makemigrations --check --dry-run
	$(DEPLOY_ENV) $(PY) manage.py check --deploy --fail-level WARNING

lock: ## Write the locked requirements anew (needs uv)
	$(LOCK) requirements/base.in -o requirements/base.txt
	$(LOCK) requirements/ml.in -o requirements/ml.txt
	$(LOCK) requirements/dev.in -o requirements/dev.txt
	$(LOCK) requirements/jax.in -o requirements/jax.txt
	$(LOCK) requirements/client.in -o requirements/client.txt

app: ## Bundle the Mini App's modules anew after a change of one (needs npx; who only runs or tests it does not)
	rm -rf $(APP)/built
	$(ESBUILD) $(APP)/main.js --bundle --splitting --format=esm --minify --target=es2022 --legal-comments=none \
		--chunk-names=[name]-[hash] --outdir=$(APP)/built --log-level=warning
	cd $(APP) && sha256sum *.js vendor/*.js > built/SOURCES

clean: ## Remove the virtual environments; the state directory with the databases stays
	rm -rf $(VENV) $(VENV_JAX) $(VENV_CLIENT)

$(VENV)/bin/python $(VENV_JAX)/bin/python $(VENV_CLIENT)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "TraderAI needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is %d.%d: name another one, as in `make run PYTHON=python3.12`" % v)'
	$(PYTHON) -m venv $(dir $(@D))

$(VENV)/.ml: requirements/ml.txt | $(VENV)/bin/python
	@echo "installing requirements/ml.txt; the first time takes a few minutes"
	$(PIP_INSTALL) -r requirements/ml.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/bin/python
	@echo "installing requirements/dev.txt; the first time takes a few minutes"
	$(PIP_INSTALL) -r requirements/dev.txt
	@touch $@

$(VENV_JAX)/.jax: requirements/jax.txt | $(VENV_JAX)/bin/python
	@echo "installing requirements/jax.txt; the first time takes a few minutes"
	$(PIP_INSTALL) -r requirements/jax.txt
	@touch $@

$(VENV_CLIENT)/.client: requirements/client.txt | $(VENV_CLIENT)/bin/python
	@echo "installing requirements/client.txt"
	$(PIP_INSTALL) -r requirements/client.txt
	@touch $@

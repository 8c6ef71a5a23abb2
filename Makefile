# On a machine with Python 3.10 or newer, a C compiler and Rust: `make demo` shows the whole thing, `make test` proves it.
# Everything is installed under .venv (.venv-peer for the side-by-side runs) and target/, in the versions of requirements.lock.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := target/tools
WHEEL := target/wheel
PEER := .venv-peer
FUZZ_SECONDS ?= 600
PROPERTY_CASES ?= 20000000
BEAM_VERSION := 2.77.0
CARGO_DENY_VERSION := 0.20.2
FAKE_GCS_VERSION := 1.56.1
PEER_VERSION := 0.42.0

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find crates -name Cargo.toml -o -path '*/src/*.rs')
PYTHON_SOURCES := pyproject.toml $(shell find headroom_beam -name '*.py' -o -name '*.pyi')

.PHONY: help
help: ## Lists the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/\1\t\2/' | expand -t 14

# ---------------------------------------------------------------------------------------------------------------- set-up

$(VENV)/.dependencies: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "make: $(PYTHON) is older than 3.10; name another one: make PYTHON=python3.12 …" >&2; exit 1; }
	@command -v cargo >/dev/null || { echo "make: cargo is missing; install Rust" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	touch $@

# The tests import the package from the tree, with a library that is always built from it first.
$(VENV)/.build: $(VENV)/.dependencies $(RUST_SOURCES) pyproject.toml
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --release --locked
	touch $@

# The wheel, unpacked outside the tree: what a user gets.
$(WHEEL)/.installed: $(VENV)/.dependencies $(RUST_SOURCES) $(PYTHON_SOURCES)
	rm -rf $(WHEEL)
	$(BIN)/maturin build --release --locked --interpreter $(BIN)/python --out $(WHEEL)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index --target $(WHEEL)/site $(WHEEL)/*.whl
	touch $@

.PHONY: build wheel hooks lock clean
build: $(VENV)/.build ## Builds the native library into the tree.
wheel: $(WHEEL)/.installed ## Builds the wheel into target/wheel.

hooks: $(VENV)/.dependencies ## Lets git run the fast checks before each commit.
	$(BIN)/pre-commit install

lock: $(VENV)/.dependencies ## Renews requirements.lock from pyproject.toml.
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --all-extras --no-header --no-annotate \
		--output-file target/requirements.txt pyproject.toml
	{ echo '# Every version that make installs, for all supported Pythons. Renew with: make lock'; \
		cat target/requirements.txt; } > requirements.lock

clean: ## Removes everything that make made.
	rm -rf $(VENV) $(PEER) target out dist headroom_beam/*.so

# ------------------------------------------------------------------------------------------------------------------ runs

.PHONY: demo test test-rust test-python test-long bench figures digest prism gcs
demo: $(WHEEL)/.installed ## Crushes examples/traces into out/ with the built wheel, looks one marker up, restores everything.
	PYTHONPATH=$(CURDIR)/$(WHEEL)/site $(BIN)/python examples/demo.py --output out

test: test-rust test-python ## Runs every test, Rust and Python.

# The binding has no tests of its own on this side: it links only inside a Python.
test-rust: $(VENV)/.dependencies
	cargo test --profile checked --locked --package headroom-crusher

test-python: $(VENV)/.build
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal

test-long: $(VENV)/.build ## The property and damage tests with PROPERTY_CASES (20,000,000), for hours rather than seconds.
	HEADROOM_PROPERTY_CASES=$(PROPERTY_CASES) cargo test --profile checked --locked --package headroom-crusher
	HEADROOM_BEAM_LONG=1 $(BIN)/python -m pytest

$(PEER)/.dependencies: | $(VENV)/.dependencies
	test -x $(PEER)/bin/python || $(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check headroom-ai==$(PEER_VERSION) apache-beam==$(BEAM_VERSION)
	touch $@

# What the benchmarks print stays in target/bench too, for `make figures`.
bench: $(VENV)/.build $(PEER)/.dependencies ## Side by side with headroom-ai, as JSON; DATA and CONVERSATIONS name your own files.
	mkdir -p target/bench
	for name in crush pipeline savings; do \
		$(BIN)/python benchmarks/$$name.py --peer $(PEER)/bin/python $(DATA) | tee target/bench/$$name.json; done
	$(BIN)/python benchmarks/evidence.py --peer $(PEER)/bin/python $(or $(CONVERSATIONS),examples/traces) | tee target/bench/evidence.json
	$(BIN)/python benchmarks/scaling.py $(DATA) | tee target/bench/scaling.json

digest: $(VENV)/.build ## One SHA-256 over all that crushing writes of DATA: equal before and after a change that only moves code.
	$(BIN)/python benchmarks/output_digest.py $(DATA)

figures: ## Puts the figures of the last `make bench` into the README.
	$(BIN)/python benchmarks/figures.py target/bench --update README.md

# Both of these are Go programs; they are built once, in the versions above.
$(TOOLS)/bin/prism:
	@command -v go >/dev/null || { echo "make: go is missing; Prism is built from its Go module" >&2; exit 1; }
	GOBIN=$(CURDIR)/$(TOOLS)/bin go install github.com/apache/beam/sdks/v2/go/cmd/prism@v$(BEAM_VERSION)

$(TOOLS)/bin/fake-gcs-server:
	@command -v go >/dev/null || { echo "make: go is missing; fake-gcs-server is built from its Go module" >&2; exit 1; }
	GOBIN=$(CURDIR)/$(TOOLS)/bin go install github.com/fsouza/fake-gcs-server@v$(FAKE_GCS_VERSION)

prism: $(VENV)/.build $(TOOLS)/bin/prism ## The pipelines' tests on the Prism runner (needs Go).
	HEADROOM_BEAM_PRISM=$(CURDIR)/$(TOOLS)/bin/prism $(BIN)/python -m pytest -m prism

gcs: $(VENV)/.build $(TOOLS)/bin/fake-gcs-server ## The store's tests on a fuller Cloud Storage emulator (needs Go).
	HEADROOM_BEAM_FAKE_GCS=$(CURDIR)/$(TOOLS)/bin/fake-gcs-server $(BIN)/python -m pytest -m gcs

# ---------------------------------------------------------------------------------------------------------------- checks

.PHONY: check check-fast check-python check-rust deny fuzz fuzz-smoke format imports docs
check: check-fast check-python check-rust docs deny fuzz-smoke ## Format, lints, types, stub, imports, reference, licences, bans, a minute of fuzzing.

check-fast: $(VENV)/.dependencies ## Format, Python's lints and the imports of both languages: a few seconds, before each commit.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/imports.py check
	cargo fmt --all --check

check-python: $(VENV)/.build
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest --mypy-config-file pyproject.toml headroom_beam._core

check-rust: $(VENV)/.dependencies
	PYO3_PYTHON=$(CURDIR)/$(BIN)/python cargo clippy --profile checked --locked --workspace --all-targets -- -D warnings

$(TOOLS)/bin/cargo-deny-$(CARGO_DENY_VERSION):
	cargo install --quiet cargo-deny --version $(CARGO_DENY_VERSION) --locked --root $(TOOLS) --target-dir target/cargo-deny
	rm -rf target/cargo-deny
	mv $(TOOLS)/bin/cargo-deny $@

# Advisories need a data base from the network. Where it can't be had this says so; a finding in it always fails.
deny: $(TOOLS)/bin/cargo-deny-$(CARGO_DENY_VERSION)
	$< --all-features check bans licenses sources
	@if timeout 120 $< fetch db >target/advisories.log 2>&1; then $< --all-features check advisories; \
		else echo "make deny: ADVISORIES NOT CHECKED, their data base can't be reached from here (target/advisories.log)"; fi

fuzz: ## Every fuzz target for FUZZ_SECONDS (600).
	CARGO_TARGET_DIR=$(CURDIR)/target fuzz/run.sh $(FUZZ_SECONDS)

fuzz-smoke: ## Every fuzz target for a minute.
	$(MAKE) fuzz FUZZ_SECONDS=60

imports: $(VENV)/.dependencies ## Draws who imports whom into docs/architecture.md.
	$(BIN)/python tools/imports.py update docs/architecture.md

docs: $(VENV)/.build ## The public API as HTML, in target/docs (Python) and target/doc (Rust).
	$(BIN)/pdoc --docformat google --output-directory target/docs headroom_beam
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --package headroom-crusher

format: $(VENV)/.dependencies ## Formats everything.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cargo fmt --all

# Needs Python 3.10 or newer, a C compiler and Rust. `make demo` shows what the project does; `make test` runs
# all tests. Everything is installed under .venv, .venv-peer (headroom-ai, for comparison) and target/.
# requirements.lock names the versions.

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

# ----------------------------------------------------------------------------------------------------- set-up

$(VENV)/.dependencies: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "make: $(PYTHON) is older than 3.10; name another: make PYTHON=python3.12 …" >&2; exit 1; }
	@command -v cargo >/dev/null || { echo "make: cargo is missing; install Rust" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	touch $@

# Tests import the package from the tree. So its native library is built into the tree first.
$(VENV)/.build: $(VENV)/.dependencies $(RUST_SOURCES) pyproject.toml
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --release --locked
	touch $@

# The wheel is unpacked outside the tree, so that the demonstration runs what a user gets.
$(WHEEL)/.installed: $(VENV)/.dependencies $(RUST_SOURCES) $(PYTHON_SOURCES)
	rm -rf $(WHEEL)
	$(BIN)/maturin build --release --locked --interpreter $(BIN)/python --out $(WHEEL)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index \
		--target $(WHEEL)/site $(WHEEL)/*.whl
	touch $@

.PHONY: build wheel hooks lock clean
build: $(VENV)/.build ## Builds the native library into the tree.
wheel: $(WHEEL)/.installed ## Builds the wheel, and unpacks it, in target/wheel.

hooks: $(VENV)/.dependencies ## Makes git run check-fast before each commit.
	$(BIN)/pre-commit install

lock: $(VENV)/.dependencies ## Renews requirements.lock from pyproject.toml.
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --all-extras \
		--no-header --no-annotate --output-file target/requirements.txt pyproject.toml
	{ echo '# Every version that make installs, for all supported Pythons. Renew with: make lock'; \
		cat target/requirements.txt; } > requirements.lock

clean: ## Removes everything that make installs and builds.
	rm -rf $(VENV) $(PEER) target out dist headroom_beam/*.so

# ------------------------------------------------------------------------------------------------------- runs

.PHONY: demo test test-rust test-python test-long bench figures digest sessions prism gcs
demo: $(WHEEL)/.installed ## Crushes examples/traces into out/, looks up a marker, restores all files.
	PYTHONPATH=$(CURDIR)/$(WHEEL)/site $(BIN)/python examples/demo.py --output out

test: test-rust test-python ## Runs every test, Rust and Python.

# The binding has only Python tests, because it links only into a Python process.
test-rust: $(VENV)/.dependencies ## Runs the crusher's tests.
	cargo test --profile checked --locked --package headroom-crusher

test-python: $(VENV)/.build ## Runs the tests of the package, the native library and the documents.
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal

test-long: $(VENV)/.build ## Runs property and damage tests for hours, with PROPERTY_CASES (20,000,000).
	HEADROOM_PROPERTY_CASES=$(PROPERTY_CASES) cargo test --profile checked --locked --package headroom-crusher
	HEADROOM_BEAM_LONG=1 $(BIN)/python -m pytest

$(PEER)/.dependencies: | $(VENV)/.dependencies
	test -x $(PEER)/bin/python || $(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check \
		headroom-ai==$(PEER_VERSION) apache-beam==$(BEAM_VERSION)
	touch $@

sessions: $(VENV)/.build ## Records real agents, crushes their sessions, resumes them (needs npm; 2 GB in target/agents).
	$(BIN)/python examples/sessions/record.py
	$(BIN)/python examples/sessions/resume.py
	$(BIN)/python examples/sessions/viewers.py

# The output is also kept in target/bench, for `make figures`.
bench: $(VENV)/.build $(PEER)/.dependencies ## Compares with headroom-ai, on DATA=… and CONVERSATIONS=….
	mkdir -p target/bench
	for name in crush pipeline savings; do \
		$(BIN)/python benchmarks/$$name.py --peer $(PEER)/bin/python $(DATA) | tee target/bench/$$name.json; done
	$(BIN)/python benchmarks/evidence.py --peer $(PEER)/bin/python $(or $(CONVERSATIONS),examples/traces) \
		| tee target/bench/evidence.json
	$(BIN)/python benchmarks/scaling.py $(DATA) | tee target/bench/scaling.json

digest: $(VENV)/.build ## Prints one SHA-256 over all output of crushing DATA; moving code keeps it.
	$(BIN)/python benchmarks/output_digest.py $(DATA)

figures: ## Puts the figures of the last `make bench` into README.md.
	$(BIN)/python benchmarks/figures.py target/bench --update README.md

# Prism and fake-gcs-server are Go programs. They are built once, in the versions above.
$(TOOLS)/bin/prism:
	@command -v go >/dev/null \
		|| { echo "make: go is missing; install Go to build Prism" >&2; exit 1; }
	GOBIN=$(CURDIR)/$(TOOLS)/bin go install github.com/apache/beam/sdks/v2/go/cmd/prism@v$(BEAM_VERSION)

$(TOOLS)/bin/fake-gcs-server:
	@command -v go >/dev/null \
		|| { echo "make: go is missing; install Go to build fake-gcs-server" >&2; exit 1; }
	GOBIN=$(CURDIR)/$(TOOLS)/bin go install github.com/fsouza/fake-gcs-server@v$(FAKE_GCS_VERSION)

prism: $(VENV)/.build $(TOOLS)/bin/prism ## Runs the pipelines' tests on the Prism runner (needs Go).
	HEADROOM_BEAM_PRISM=$(CURDIR)/$(TOOLS)/bin/prism $(BIN)/python -m pytest -m prism

gcs: $(VENV)/.build $(TOOLS)/bin/fake-gcs-server ## Runs the store's tests on fake-gcs-server (needs Go).
	HEADROOM_BEAM_FAKE_GCS=$(CURDIR)/$(TOOLS)/bin/fake-gcs-server $(BIN)/python -m pytest -m gcs

# ----------------------------------------------------------------------------------------------------- checks

.PHONY: check check-fast check-python check-rust deny fuzz fuzz-smoke format formats imports docs
check: check-fast check-python check-rust docs deny fuzz-smoke ## Runs every check except the tests.

check-fast: $(VENV)/.dependencies ## Checks format, Python's lints and the imports, in a few seconds.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/imports.py check
	cargo fmt --all --check

check-python: $(VENV)/.build ## Checks types, and the native library against its stub.
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest --mypy-config-file pyproject.toml headroom_beam._core

check-rust: $(VENV)/.dependencies ## Runs clippy.
	PYO3_PYTHON=$(CURDIR)/$(BIN)/python \
		cargo clippy --profile checked --locked --workspace --all-targets -- -D warnings

$(TOOLS)/bin/cargo-deny-$(CARGO_DENY_VERSION):
	cargo install --quiet cargo-deny --version $(CARGO_DENY_VERSION) --locked --root $(TOOLS) \
		--target-dir target/cargo-deny
	rm -rf target/cargo-deny
	mv $(TOOLS)/bin/cargo-deny $@

# Advisories need a database from the network. If it can't be fetched, a notice says so, and `deny` succeeds.
# An advisory that is found always fails.
deny: $(TOOLS)/bin/cargo-deny-$(CARGO_DENY_VERSION) ## Checks crates: licences, bans, sources, advisories.
	$< --all-features check bans licenses sources
	@if timeout 120 $< fetch db >target/advisories.log 2>&1; then $< --all-features check advisories; else \
		echo "make deny: ADVISORIES NOT CHECKED, can't fetch their database; see target/advisories.log"; fi

fuzz: ## Runs every fuzz target for FUZZ_SECONDS (600).
	CARGO_TARGET_DIR=$(CURDIR)/target fuzz/run.sh $(FUZZ_SECONDS)

fuzz-smoke: ## Runs every fuzz target for a minute.
	$(MAKE) fuzz FUZZ_SECONDS=60

formats: $(VENV)/.build ## Measures the samples of trace formats, and renews the tables of docs/formats.md.
	$(BIN)/python tools/formats_table.py update docs/formats.md

imports: $(VENV)/.dependencies ## Draws who imports whom into docs/architecture.md.
	$(BIN)/python tools/imports.py update docs/architecture.md

docs: $(VENV)/.build ## Writes the public API as HTML: target/docs (Python), target/doc (Rust).
	$(BIN)/pdoc --docformat google --output-directory target/docs headroom_beam
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --package headroom-crusher

format: $(VENV)/.dependencies ## Formats all code, and applies automatic fixes.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cargo fmt --all

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin

WHEEL_SOURCES := Cargo.toml Cargo.lock LICENSE README.md pyproject.toml \
	$(shell find src python startup -type f -not -path '*/__pycache__/*')

.PHONY: help
help: ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14

.PHONY: demo
demo: .venv/.wheel ## Show on the real host who gets in with the bypass, and who without
	@$(BIN)/python -m harness.demo

.PHONY: serve
serve: .venv/.wheel ## Leave a server of the real host running with the bypass on
	@$(BIN)/python -m harness.demo serve

.PHONY: test
test: test-rust test-python ## Run all tests

.PHONY: test-rust
test-rust: ## Run the tests of the Rust core
	cargo test --locked

.PHONY: test-python
test-python: .venv/.wheel ## Run the Python tests, those against the real host included
	@$(BIN)/python -m harness.environments
	$(BIN)/python -m pytest

.PHONY: test-hosts
test-hosts: .venv/.wheel ## Run the live tables on every release, or on RELEASES="0.6.36 0.9.6"
	@$(BIN)/python -m harness.releases $(RELEASES)

.PHONY: compatibility
compatibility: .venv/.wheel ## Run them on every release and write docs/compatibility.md
	@$(BIN)/python -m harness.releases --write

.PHONY: host-check
host-check: .venv/.wheel ## Say whether a release fits without starting it: VERSION=0.12.5
	@test -n "$(VERSION)" || { echo "Name a release: make host-check VERSION=0.12.5"; exit 2; }
	@$(BIN)/python -m harness.host_check $(VERSION)

.PHONY: host-tests
host-tests: .venv/.wheel ## Run the tests that old wheels of the host carry, stock beside patched
	@$(BIN)/python -m harness.host_tests

.PHONY: host-suite
host-suite: .venv/.wheel ## Run the host's regression suite, stock beside patched: SUITE=folder
	@test -n "$(SUITE)" || { echo "Name its checkout: make host-suite SUITE=../tests"; exit 2; }
	@$(BIN)/python -m harness.host_suite $(SUITE) -- $(PYTEST)

.PHONY: bench
bench: .venv/.wheel ## Measure everything, stock and with the extension (half an hour)
	cargo bench --locked
	@$(BIN)/python -m benches.startup
	@$(BIN)/python -m benches.blocking
	@$(BIN)/python -m benches.live

.PHONY: bench-quick
bench-quick: .venv/.wheel ## Measure what is judged, in short rounds (three minutes)
	@$(BIN)/python -m benches.startup
	@$(BIN)/python -m benches.live --quick

.PHONY: nightly
nightly: .venv/.wheel ## What takes too long for every change: many more examples, all benchmarks
	@$(BIN)/python -m harness.environments
	$(BIN)/python -m pytest --hypothesis-profile=slow --timeout=7200 \
		tests/differential tests/live/test_checks.py
	$(MAKE) compatibility host-tests
	HOST_DATABASE=postgresql $(MAKE) test-hosts RELEASES="0.8.12 0.9.6 0.12.4"
	$(MAKE) bench

.PHONY: lint
lint: lint-rust lint-python ## Run all linters

.PHONY: lint-rust
lint-rust: ## Check format and lints of the Rust code
	cargo fmt --check
	cargo clippy --locked --all-targets --all-features -- --deny warnings

.PHONY: lint-python
lint-python: .venv/.wheel ## Check format, lints and types of the Python code and the stub
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest owui_keygate._native

.PHONY: format
format: .venv/.ready ## Format the code
	cargo fmt
	$(BIN)/ruff format

.PHONY: pins
pins: ## Pin the tools anew after requirements-dev.in was changed
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make pins" \
		requirements-dev.in --output-file requirements-dev.txt

.PHONY: wheel
wheel: dist/.wheel ## Build the wheel into dist/

.PHONY: clean
clean: ## Remove everything that was built or installed
	rm -rf target dist .venv* .*_cache .hypothesis

# The tools of the project.
.venv/.ready: requirements-dev.txt scripts/make-venv
	@scripts/make-venv .venv requirements-dev.txt
	@touch $@

dist/.wheel: .venv/.ready $(WHEEL_SOURCES)
	@echo "Building the wheel ..."
	@mkdir -p dist && rm -f dist/*.whl
	@$(BIN)/maturin build --quiet --release --locked --out dist
	@touch $@

# The tests run what users install, so the wheel goes beside the tools as it was built.
.venv/.wheel: dist/.wheel
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --reinstall dist/*.whl
	@touch $@

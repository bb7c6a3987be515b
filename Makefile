.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
MODULES ?= replacements/api_key_check patching/patches audit \
	replacements/endpoint_middleware

WHEEL_SOURCES := Cargo.toml Cargo.lock LICENSE README.md pyproject.toml \
	$(shell find src python startup -type f -not -path '*/__pycache__/*')

.PHONY: help
help: ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 16

.PHONY: demo
demo: .venv/.wheel ## Show on the real host who gets in with the bypass, and who without
	@$(BIN)/python -m dev.demo

.PHONY: serve
serve: .venv/.wheel ## Leave a server of the real host running with the bypass on
	@$(BIN)/python -m dev.demo serve

.PHONY: test
test: test-rust test-python ## Run all tests but those in a browser and in containers

.PHONY: test-rust
test-rust: ## Run the tests of the Rust core
	@scripts/check-rust
	cargo test --locked

.PHONY: test-python
test-python: .venv/.wheel ## Run the Python tests, those against the real host included
	@scripts/install-debian "the tests" curl=curl jq=jq
	@$(BIN)/python -m harness.environments
	@$(BIN)/python -m harness.libraries
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder \
		--max-worker-restart 0 --durations 20

.PHONY: try-wheel
try-wheel: .venv/.wheel ## Install the wheel where nothing else is, and run the unit tests there
	@$(BIN)/python -m dev.release.try_out dist/*.whl

.PHONY: soak
soak: export SOAK_SECONDS ?= 1800
soak: .venv/.wheel ## Half an hour of mixed traffic: no wrong decision, nothing left behind
	@$(BIN)/python -m harness.environments
	$(BIN)/python -m pytest -s --override-ini faulthandler_timeout=0 tests/live/test_soak.py

.PHONY: test-browser
test-browser: .venv/.wheel ## Run the test of the account page in Debian's Chromium
	@scripts/install-debian "the browser tests" /usr/bin/chromium=chromium
	@$(BIN)/python -m harness.environments
	$(BIN)/python -m pytest tests/browser $(PYTEST)

.PHONY: image-test
image-test: .venv/.ready ## Build the Dockerfile on a stand-in of the official image, and run it
	@scripts/install-debian "the image tests" buildah=buildah mmdebstrap=mmdebstrap
	@$(BIN)/python -m harness.stand_in
	$(BIN)/python -m pytest tests/image $(PYTEST)

.PHONY: deployments
deployments: .venv/.wheel ## Run Open WebUI in every way it is deployed: PARTS="starts proxies"
	@scripts/install-deployments
	@$(BIN)/python -m harness.environments
	@$(BIN)/python -m harness.libraries
	@$(BIN)/python -m harness.pgbouncer
	@$(BIN)/python -m dev.deployments $(or $(PARTS),--write)

.PHONY: screenshots
screenshots: ## Run it and write the pictures of the README into docs/images
	@$(MAKE) test-browser PYTEST="--screenshots docs/images"

.PHONY: test-hosts
test-hosts: .venv/.wheel ## Run the live tables on every release, or on RELEASES="0.6.36 0.9.6"
	@$(BIN)/python -m dev.release_matrix $(RELEASES)

.PHONY: compatibility
compatibility: .venv/.wheel ## Write docs/compatibility.md, after a run of all or of RELEASES="0.9.6"
	@$(BIN)/python -m dev.release_matrix --write $(RELEASES)

.PHONY: routes
routes: .venv/.wheel ## Write docs/routes.md and the table in docs/limits.md
	@$(BIN)/python -m dev.routes_page

.PHONY: policy-page
policy-page: .venv/.wheel ## Write the reference in docs/policy.md
	@$(BIN)/python -m dev.policy_page

.PHONY: imports
imports: .venv/.ready ## Write docs/imports.md, the drawing of what imports what
	@$(BIN)/python -m dev.imports --write

.PHONY: host-check
host-check: .venv/.wheel ## Say whether a release fits without starting it: VERSION=0.12.5
	@test -n "$(VERSION)" || { echo "Name a release: make host-check VERSION=0.12.5"; exit 2; }
	@$(BIN)/python -m dev.host_check $(VERSION)

.PHONY: host-tests
host-tests: .venv/.wheel ## Run the tests that old wheels of the host carry, stock beside patched
	@$(BIN)/python -m dev.host_tests

.PHONY: host-suite
host-suite: .venv/.wheel ## Run the host's regression suite, stock beside patched: SUITE=folder
	@test -n "$(SUITE)" || { echo "Name its checkout: make host-suite SUITE=../tests"; exit 2; }
	@$(BIN)/python -m dev.host_suite "$(SUITE)" -- $(PYTEST)

.PHONY: fuzz
fuzz: ## Fuzz the core, each target for ten minutes
	@scripts/fuzz 600

.PHONY: fuzz-quick
fuzz-quick: ## Fuzz the core, each target for 10 seconds
	@scripts/fuzz 10

.PHONY: mutants
mutants: ## Break the Rust core in every small way, and want a test to fail each time
	@scripts/install-cargo-tool cargo-mutants 27.1.0
	CARGO_TARGET_DIR=$(CURDIR)/target .tools/bin/cargo-mutants mutants $(MUTANTS)

.PHONY: mutants-python
mutants-python: .venv/.wheel ## Do the same with the Python code: MODULES="patching/patches audit"
	@scripts/mutants-python $(MODULES)

.PHONY: bench
bench: .venv/.wheel ## Measure everything, stock and with the extension (half an hour)
	cargo bench --locked
	@$(BIN)/python -m benches.startup
	@$(BIN)/python -m benches.commands
	@$(BIN)/python -m benches.blocking
	@$(BIN)/python -m benches.live

.PHONY: bench-quick
bench-quick: .venv/.wheel ## Measure what is judged, in short rounds (three minutes)
	@$(BIN)/python -m benches.startup
	@$(BIN)/python -m benches.commands
	@$(BIN)/python -m benches.live --quick

.PHONY: bench-size
bench-size: .venv/.wheel ## Measure with many people, and on a slow disk (half an hour)
	@scripts/install-debian "a slow disk" fusermount3=fuse3
	@$(BIN)/python -m benches.slow_disk
	@$(BIN)/python -m benches.size $(if $(WRITE),--write)

.PHONY: nightly
nightly: .venv/.wheel ## Run what takes too long for every change, and write docs/proof.md
	@$(BIN)/python -m harness.environments
	@$(BIN)/python -m harness.libraries
	@$(BIN)/python -m dev.nightly $(PARTS)

.PHONY: lint
lint: lint-rust lint-python lint-workflows ## Run all linters

.PHONY: lint-rust
lint-rust: ## Check format and lints of the Rust code
	cargo fmt --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo clippy --locked --all-targets --all-features -- --deny warnings

.PHONY: lint-python
lint-python: .venv/.wheel ## Check format, lints and types of the Python code and the stub
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest owui_keygate._native
	@$(BIN)/python -m dev.imports

.PHONY: lint-workflows
lint-workflows: .venv/.ready ## Check the workflows of GitHub, what they may do, and compose.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --quiet --offline --persona pedantic .github

.PHONY: audit
audit: ## Check licences, sources and bans of the crates
	@scripts/install-cargo-tool cargo-deny 0.20.2
	.tools/bin/cargo-deny --locked check licenses bans sources

.PHONY: advisories
advisories: .venv-release/.ready ## Ask RustSec and PyPI what is known against what we depend on
	@scripts/install-cargo-tool cargo-deny 0.20.2
	.tools/bin/cargo-deny --locked check advisories
	@mkdir -p target
	@.venv-release/bin/uv pip compile --quiet --no-emit-index-url --generate-hashes \
		--python-version 3.11 pyproject.toml --output-file target/runtime.txt
	.venv-release/bin/pip-audit --strict --disable-pip --require-hashes --requirement target/runtime.txt

.PHONY: release-check
release-check: .venv-release/.ready ## Build and check what a release would publish (15 minutes)
	@scripts/install-rust-targets
	@.venv-release/bin/python -m dev.release.check

.PHONY: format
format: .venv/.ready ## Format the code
	cargo fmt
	cargo fmt --manifest-path fuzz/Cargo.toml
	$(BIN)/ruff format

.PHONY: pins
pins: ## Pin the tools anew after a requirements-*.in was changed
	@for group in dev test release image; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --custom-compile-command "make pins" \
			requirements-$$group.in --output-file requirements-$$group.txt || exit 1; done

.PHONY: wheel
wheel: dist/.wheel ## Build the wheel into dist/

.PHONY: clean
clean: ## Remove everything that was built or installed
	rm -rf target fuzz/target dist .tools .venv* .*_cache .hypothesis

# The tools of the project.
.venv/.ready: requirements-dev.txt scripts/make-venv
	@scripts/make-venv .venv requirements-dev.txt
	@touch $@

# The tools of a release.
.venv-release/.ready: requirements-release.txt scripts/make-venv
	@scripts/make-venv .venv-release requirements-release.txt
	@touch $@

dist/.wheel: .venv/.ready $(WHEEL_SOURCES)
	@scripts/check-rust
	@echo "Building the wheel ..."
	@mkdir -p dist && rm -f dist/*.whl
	@$(BIN)/maturin build --quiet --release --locked --out dist
	@touch $@

# The tests run what users install, so the wheel goes beside the tools as it was built.
.venv/.wheel: dist/.wheel
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --reinstall dist/*.whl
	@touch $@

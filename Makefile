.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin

.PHONY: help
help: ## Show what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14

.PHONY: test
test: test-rust ## Run all tests

.PHONY: test-rust
test-rust: ## Run the tests of the Rust core
	cargo test --locked

.PHONY: lint
lint: lint-rust ## Run all linters

.PHONY: lint-rust
lint-rust: ## Check format and lints of the Rust code
	cargo fmt --check
	cargo clippy --locked --all-targets --all-features -- --deny warnings

.PHONY: format
format: ## Format the code
	cargo fmt

.PHONY: clean
clean: ## Remove everything that was built or installed
	rm -rf target dist .venv* .cache

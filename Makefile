# Everything a person or CI does here. `make start` and `make test` work on a fresh machine that has a Swift toolchain.
SHELL := /bin/bash
.DEFAULT_GOAL := help

BUILD := swift build -c release
BIN := .build/release/noizylab
# What is shipped: Swift's libraries are in it.
PROGRAM := scripts/standalone-libraries .build/standalone && STANDALONE=1 $(BUILD) --product noizylab
# A test run builds one product: everything that is tested, and what it is made of, once.
TESTS := noizylabPackageTests

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: prerequisites
prerequisites:
	@scripts/install-prerequisites build

.PHONY: build
build: prerequisites ## Build the binary (10 to 15 minutes the first time on 2 cores)
	@echo "building noizylab (the first time takes 10 to 15 minutes on 2 cores)"
	$(PROGRAM)

.PHONY: start
start: build ## Start the three-node lab, or the grid of CONFIG=noizylab.toml, and run a first task on it
	@scripts/first-steps $(BIN) $(CONFIG)

.PHONY: stop
stop: ## Stop what `make start` started
	@$(BIN) stop

.PHONY: core
core: ## Test the pure targets alone (seconds)
	CORE_ONLY=1 swift test -c release --scratch-path .build-core

.PHONY: test
test: ## Run every test (the pure targets first: they fail in seconds)
	@scripts/install-prerequisites test
	CORE_ONLY=1 swift test -c release --scratch-path .build-core
	@echo "building the tests (the first time takes 10 to 15 minutes on 2 cores)"
	$(BUILD) --product $(TESTS)
	$(PROGRAM)
	scripts/run-tests

.PHONY: lint
lint: ## Check format and the rules the compiler cannot see
	swift format lint --strict --recursive --parallel Package.swift Sources Tests
	scripts/lint

.PHONY: format
format: ## Format the sources in place
	swift format --in-place --recursive --parallel Package.swift Sources Tests

.PHONY: proto
proto: ## Regenerate Sources/GridWire/Generated from proto/
	@scripts/install-prerequisites proto
	scripts/generate-proto

.PHONY: proto-check
proto-check: ## Fail when the committed generated code is not what proto/ gives
	@scripts/install-prerequisites proto
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && scripts/generate-proto "$$fresh" \
		&& diff -r "$$fresh" Sources/GridWire/Generated && echo "generated code is current"

.PHONY: bench
bench: build ## Measure this build (see docs/benchmarks.md)
	Benchmarks/run --binary $(BIN)

.PHONY: bench-peers
bench-peers: ## Install the systems it is compared with
	Benchmarks/install-peers

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf .build .build-core .venv-test

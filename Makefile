# The human's door. The truth about how berth is built is in CMakePresets.json.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

# T=regex: only the tests whose names match. In CI, warnings are errors.
T ?=
WERROR := $(if $(CI),ON,OFF)
CTEST := ctest --parallel $(shell nproc) --no-tests=error $(if $(T),-R '$(T)')
GUESTS := build/guests
BERTH := build/dev/src/cli/berth

.PHONY: help
help:  ## list these verbs
	@echo "usage: make VERB"
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup:  ## install the Debian packages that are missing, if any
	@tools/setup.sh

.PHONY: build
build: setup build-dev  ## build what you edit and test: build/dev/src/cli/berth

.PHONY: collector
collector: setup  ## build the collector of OpenTelemetry that the tests tell: once, from Go's modules
	@python3 tests/serve/collector.py

.PHONY: registries
registries: setup  ## build the registry and the clients of registries that the tests use: once, from Go's modules
	@python3 tests/registry/registries.py

.PHONY: kubo
kubo: setup  ## build kubo and what else the tests hold content against: once, from Go's modules
	@python3 tests/content/tools.py

.PHONY: guests
guests: setup  ## build the WebAssembly programs that the tests run: build/guests
	@python3 tests/guests/build.py --out $(GUESTS)

.PHONY: examples
examples: setup  ## build the programs of examples/ alone, into the same folder
	@python3 tests/guests/build.py --out $(GUESTS) --examples

.PHONY: demo
demo: build  ## see what berth does, on this machine, in a minute
	@tools/demo.sh $(BERTH)

.PHONY: test
test: build guests collector registries kubo  ## run all tests; `make test T=regex` runs those whose names match
	@$(CTEST) --preset dev

.PHONY: lint
lint: setup  ## check format, static analysis and the generated header: what CI checks
	@tools/lint.sh

.PHONY: format
format: setup  ## format the C++ and Rust sources
	@tools/lint.sh --fix

.PHONY: header
header: setup  ## write engine/abi/include/berth_engine.h from the Rust it describes
	@tools/cargo.sh run --quiet --locked -p berth-header -- --write

.PHONY: reference
reference:  ## write docs/reference from the headers of include/berth
	@python3 tools/reference.py

.PHONY: asan
asan: setup build-asan guests collector registries kubo  ## run the tests under the address and undefined-behaviour sanitizers
	@$(CTEST) --preset asan

.PHONY: tsan
tsan: setup build-tsan  ## run the C++ rooms' tests under the thread sanitizer, on a stand-in engine
	@$(CTEST) --preset tsan

.PHONY: tsan-engine
tsan-engine: setup guests build-tsan-engine  ## run libberth's tests under the thread sanitizer, on the engine itself
	@$(CTEST) --preset tsan-engine

.PHONY: release
release: setup build-release  ## build what is shipped and measured: build/release/src/cli/berth

# Where `make install` puts it; DESTDIR stands for another machine's root.
PREFIX ?= /usr/local
.PHONY: install
install: release  ## install berth and libberth: PREFIX, DESTDIR
	@DESTDIR='$(DESTDIR)' cmake --install build/release --prefix '$(PREFIX)' >/dev/null

.PHONY: bench
bench: release guests  ## measure against the wasmtime command, installed here for it
	@tools/install-peers.sh
	@python3 bench/run.py
	@python3 bench/share.py
	@python3 bench/limits.py --berth build/release/src/cli/berth
	@python3 bench/serve.py
	@python3 bench/calls.py

.PHONY: scoreboard
scoreboard: build guests  ## see who holds which limit: the same hostile programs in berth and in the wasmtime command
	@tools/install-peers.sh
	@python3 bench/scoreboard.py --berth $(BERTH)

.PHONY: lines
lines:  ## count the lines of C++ and of Rust
	@python3 tools/lines.py

.PHONY: clean
clean:  ## remove what was built in this checkout
	@rm -rf build

.PHONY: clean-cache
clean-cache:  ## remove from the shared cache what no longer fits this checkout
	@tools/clean-cache.sh

.PHONY: build-dev build-release build-asan build-tsan build-tsan-engine
build-dev build-release build-asan build-tsan build-tsan-engine: build-%:
	@cmake --preset $* -DBERTH_WERROR=$(WERROR) >/dev/null
	@cmake --build --preset $*

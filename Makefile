# Order only: bpf/Makefile owns clang, CMakeLists.txt the addon, tsconfig.json the TypeScript.
# `make help` lists the targets; V=1 shows the commands.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

V ?= 0
ifeq ($(V),0)
Q := @
say = @printf '  %-8s %s\n' $(1) $(2);
quiet := >/dev/null
else
Q :=
say =
quiet :=
endif

node_bin := $(CURDIR)/node_modules/.bin
export PATH := $(node_bin):$(PATH)
# Images of guests are made with module.stripTypeScriptTypes(), which Node calls experimental.
guests_node := node --disable-warning=ExperimentalWarning

c_files = $(shell git ls-files -co --exclude-standard '*.c' '*.h' '*.cc')
cc_files = $(shell git ls-files -co --exclude-standard 'native/*.cc')

deps_build := build/deps/apt-build build/deps/npm
deps_test := $(deps_build) build/deps/apt-test

.PHONY: all help deps bpf native ts gen format clean
.PHONY: check check-biome check-types check-format check-headers check-tidy check-layout
.PHONY: test test-long test-unit test-contract test-bpf test-native test-net test-cluster test-faults test-scale test-vm vm-shell test-fuzz test-oracle test-verifier budget
.PHONY: demo bench bench-instructions bench-quick bench-report programs

all: bpf native ts ## build everything (the default)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## ---- what the build needs

deps: $(deps_test) ## install Debian packages (as root) and npm's
	$(Q)tools/deps/npm

build/deps/apt-%: tools/deps/debian-packages.txt tools/deps/apt
	$(call say,DEPS,'Debian packages for $*')
	$(Q)tools/deps/apt $*
	$(Q)mkdir -p $(@D) && touch $@

# npm comes from Debian where the machine has none.
build/deps/npm: package.json package-lock.json tools/deps/npm | $(if $(shell command -v npm),,build/deps/apt-build)
	$(call say,DEPS,'npm packages')
	$(Q)tools/deps/npm
	$(Q)mkdir -p $(@D) && touch $@

## ---- build

bpf: $(deps_build) ## BPF objects: build/bpf
	$(Q)$(MAKE) $(if $(filter 0,$(V)),-s) -C bpf V=$(V)

native: $(deps_build) ## the addon: build/native
	$(call say,NATIVE,build/native)
	$(Q)cmake-js compile --out build/native $(if $(filter 0,$(V)),--log-level error $(quiet))

ts: $(deps_build) ## the agent and CLI: build/dist/sluice.js
	$(call say,BUNDLE,build/dist/sluice.js)
	$(Q)node tools/bundle.ts

gen: $(deps_build) ## rewrite src/layout/structs.ts from the C headers
	$(call say,GEN,src/layout/structs.ts)
	$(Q)node tools/gen-layout.ts

## ---- checks

format: $(deps_test) ## rewrite every file in its format
	$(Q)clang-format-19 -i $(c_files)
	$(Q)biome check --write --log-level=warn

check: check-biome check-types check-format check-headers check-layout check-tidy ## every static check

check-biome: $(deps_build)
	$(call say,CHECK,'format; lint; who imports whom')
	$(Q)biome check --error-on-warnings --log-level=warn

check-types: $(deps_build)
	$(call say,CHECK,'types')
	$(Q)tsc -p .

check-format: $(deps_test)
	$(call say,CHECK,'clang-format')
	$(Q)clang-format-19 --dry-run -Werror $(c_files)

check-headers: $(deps_build)
	$(call say,CHECK,'headers compile alone')
	$(Q)tools/check-headers

check-layout: $(deps_build)
	$(call say,CHECK,'generated layouts')
	$(Q)node tools/gen-layout.ts --check

check-tidy: native $(deps_test)
	$(call say,CHECK,'clang-tidy')
	$(Q)clang-tidy-19 --quiet -p build/native $(cc_files) 2>/dev/null

## ---- tests

test: $(deps_test) ## everything on this kernel, the quick parts first; one summary line
	$(Q)node tools/test/run.ts all

test-long: export SLUICE_TEST_LONG := 1
test-long: ## all tests in their long form, on this kernel and on all others: hours
	$(Q)$(MAKE) -k test test-vm

test-unit: build/deps/npm ## no root, no kernel
	$(Q)node tools/test/run.ts unit

test-contract test-native test-bpf test-net test-cluster test-faults test-scale: test-%: $(deps_test)
	$(Q)node tools/test/run.ts $*

test-vm: all $(deps_test) ## the kernel's tests on Debian's kernels in QEMU; KERNELS=6.1 TESTS=REGEXP select
	$(Q)$(guests_node) test/vm/run.ts

vm-shell: all $(deps_test) ## a shell in a guest: KERNEL=6.1; leave with exit, or with Ctrl-A X
	$(Q)$(guests_node) test/vm/shell.ts $(KERNEL)

test-fuzz test-oracle test-verifier: test-%: $(deps_test) ## random packets, bytes and objects; random clusters; what programs cost the verifier
	$(Q)node tools/test/run.ts $*

budget: all $(deps_test) ## rewrite test/vm/verifier/budget.json on purpose, for this kernel and the guests'
	$(Q)$(guests_node) test/vm/verifier/update.ts

programs: $(deps_test) ## the real Kubernetes programs for test-cluster: .cache/programs
	$(Q)node test/cluster/programs/build.ts

## ---- shows

demo: all ## a sandbox node, shown working; KEEP=1 leaves it up
	$(Q)KEEP=$(KEEP) node tools/demo/run.ts

bench-quick: all $(deps_test) ## the numbers of the datapath and the agent: build/bench/quick.jsonl
	$(Q)$(guests_node) bench/quick.ts

bench-instructions: all programs $(deps_test) ## guest instructions per operation against the committed counts; SIZES=10,1000, UPDATE=1
	$(Q)SIZES=$(SIZES) UPDATE=$(UPDATE) $(guests_node) bench/instructions/run.ts $(VARIANTS)

bench: all programs $(deps_test) ## every number, with the real kube-proxy beside it; ONLY=D4,D5 SIZES=10,1000 select
	$(Q)$(guests_node) bench/full.ts $(if $(ONLY),--only $(ONLY)) $(if $(SIZES),--sizes $(SIZES))

bench-report: $(deps_build) ## tables and charts of the last bench: docs/benchmarks.md, docs/benchmarks/
	$(Q)node bench/report.ts

clean: ## remove build/
	rm -rf build

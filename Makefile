# Serin's commands. `make help` lists them.
# Only Node (20 or newer), npm and bash are needed beforehand: the project brings its own Node 24.

SHELL := /bin/bash
SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
export npm_config_update_notifier := false
export npm_config_fund := false
export npm_config_audit := false

LAB := npm run --silent lab --

.DEFAULT_GOAL := help
.PHONY: help install check test test-unit soak demo bench-webhook bench-audit bench-analysis bench-memory lab-build generate cli image image-parts certs clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# By content, not by time: a fresh checkout has arbitrary times. With the system's own Node, since npm ci removes the project's.
# npm ci refuses a lock file that lacks optional packages for other platforms (a registry need not have them); npm install takes the same
# versions with the same checksums from it.
install: ## Install the dependencies when package-lock.json has changed
	@cmp -s package-lock.json node_modules/.installed || { \
	  export PATH="$(SYSTEM_PATH)"; \
	  { npm ci --silent || npm install --no-save --loglevel=error; } && cp package-lock.json node_modules/.installed; \
	}

check: install ## Check types, format and lint
	@npm run --silent check

test: install ## Run everything that must pass: check, unit tests, tests on a real control plane (built when needed)
	@node test/house/testAll.ts

test-unit: install ## Run the tests that need no lab: seconds
	@npm run --silent test:unit

soak: install lab-build ## The long versions of the proofs (SOAK=1): every second of a plan, every crash point, 20 scalings, all phases; an hour
	@SOAK=1 npx vitest run --project simulation
	@SOAK=1 npx vitest run --project unit test/core/audit
	@SOAK=1 $(LAB) namespace -- npx vitest run --project lab

demo: install lab-build ## Play the story of the README on a fresh lab (FAST=1: shorter pauses)
	@FAST="$(FAST)" $(LAB) exec -- node test/lab/demo.ts

bench-webhook: install lab-build ## What a review costs: CPU beside a bare https server, time added through kube-apiserver (5 min; FAST=1: 1 min)
	@FAST="$(FAST)" node test/bench/cpu.ts
	@FAST="$(FAST)" $(LAB) exec --without istio --without prometheus --workers 1 -- node test/bench/latency.ts

bench-audit: install ## How fast `audit verify` is (a quarter of a minute)
	@node test/bench/audit.ts

bench-analysis: install ## How soon the judge of built-in metrics sees a bad release, and how often it is wrong, beside others (minutes; FAST=1: seconds)
	@FAST="$(FAST)" node test/bench/analysis.ts

bench-memory: install lab-build ## RSS of worker and webhook at 1,000 Deployments and 100 live plans, beside others (a quarter of an hour; FAST=1: 5 min)
	@FAST="$(FAST)" $(LAB) namespace -- node test/bench/memory.ts

lab-build: install ## Build the parts of the lab (minutes the first time, then nothing)
	@$(LAB) build

generate: install ## Write manifests/crd from src/api, and manifests/helm from manifests
	@npm run --silent generate

cli: install ## Bundle kubectl serin into dist/kubectl-serin.mjs, one file that needs only Node, and its completion
	@npm run --silent build

image: install ## Make the container image in dist/image without an engine: an OCI layout, archives, lists of parts (SBOM); prints its digest
	@node src/bin/image.ts

image-parts: install ## Let the image be made of Debian's newest packages and this project's Node from now on (src/image/parts.json)
	@node src/bin/image.ts --parts

certs: install ## Make a certificate authority and the webhook's certificate in certs/
	@node src/bin/certs.ts

clean: ## Remove what was made in this folder (not the lab's parts, not the dependencies)
	@rm -rf dist && find certs -mindepth 1 ! -name README.md -delete

# make run and make test are all a newcomer needs; each installs what it lacks.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build release run test browser lint format bench fuzz asan tsan clean

DATA ?= data
LISTEN ?= 127.0.0.1:8080

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install what the build needs
	@scripts/setup

build: setup ## debug build
	swift build

release: setup ## optimised build, apart from the debug one
	swift build -c release --product sluice --scratch-path .build-release

run: release ## build and serve at LISTEN (default 127.0.0.1:8080), data in DATA (default ./data)
	.build-release/release/sluice serve --listen $(LISTEN) --data $(DATA)

test: ## everything: unit, vectors, integration with real peers, browser
	@scripts/setup test
	scripts/test

browser: ## the browser tests alone, against a real server
	@scripts/setup test
	scripts/test browser

lint: ## formatter, import walls, house rules, types of the web app
	@scripts/setup test
	scripts/lint

format: ## rewrite the sources in the house style
	swift format -i -r Package.swift Sources Tests

bench: ## compare with nginx and the ffmpeg program
	@scripts/setup bench
	Benchmarks/run

fuzz: ## feed every parser with libFuzzer, FUZZ_SECONDS each (default 20)
	@scripts/setup test
	scripts/fuzz

asan: ## the tests under AddressSanitizer
	@scripts/setup test
	scripts/sanitize address

tsan: ## the tests under ThreadSanitizer
	@scripts/setup test
	scripts/sanitize thread

clean: ## remove what was built
	rm -rf .build .build-*

# Every target does its own set-up (scripts/env) and is quick when nothing has changed.
# PYTHON=python3.13 names another interpreter, and with it another ansible-core.

.DEFAULT_GOAL := help
.PHONY: help demo demo-down demo-kubernetes demo-kubernetes-down unit lint test bench soak fresh clean
MAKEFLAGS += --no-print-directory

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

demo: ## build the demo fabric in a lab, configure it, and prove every VIP (root)
	@scripts/env demo python3 scripts/demo.py up

demo-down: ## take the demo's lab away again (root)
	@scripts/env demo python3 scripts/demo.py down

demo-kubernetes: ## the same with a real cluster, from bare hosts; the first time Kubernetes is built, about 12 minutes (root)
	@scripts/env kubernetes python3 scripts/demo.py up kubernetes

demo-kubernetes-down: ## take that lab away again (root)
	@scripts/env kubernetes python3 scripts/demo.py down kubernetes

unit: ## the tests of pure code and of what is rendered
	@scripts/env lint python3 scripts/check.py unit

lint: ## style, types, documentation, repository rules
	@scripts/env lint python3 scripts/check.py lint

test: ## everything: lint, unit, sanity, interoperation, scenarios on the lab (root)
	@scripts/env test python3 scripts/check.py all

bench: ## measure, print a table and write artifacts/bench.json (root)
	@scripts/env test python3 tests/bench/run.py

soak: ## random input with 100,000 inputs a test, further faults, clusters of further shapes, what wants the machine for itself; hours (root)
	@scripts/env test python3 scripts/check.py soak

fresh: ## make demo and make unit on bare Debian 12 and 13 (root)
	@scripts/env test python3 tests/fresh/run.py

clean: ## what the targets wrote into the checkout; what is cached outside it stays
	@rm -rf artifacts .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache

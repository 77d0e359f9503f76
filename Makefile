# Two commands are all a newcomer needs: `make demo` and `make test`.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/weir/target
# A backtrace costs the model runtime twentyfold on its error paths, and tells a user nothing.
export RUST_BACKTRACE ?= 0

WEIR = $(CARGO_TARGET_DIR)/demo/weir

.PHONY: help setup demo demo-smoke demo-servers test test-long lint docs bench bench-models forms models corpus fuzz fuzz-models fuzz-expressions clean-demo

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: ## install the system packages the build needs (Debian), if they are missing
	@sh scripts/setup

demo: setup ## a thousand real applicants through the whole pipeline, with a report
	cargo build --profile demo -p weir-pipelines --bin weir
	$(WEIR) demo --data demo-data --report demo-report.html

demo-smoke: setup ## the same with 200 applicants; fails when a promise does not hold
	cargo build --profile demo -p weir-pipelines --bin weir
	$(WEIR) demo --applicants 200 --data demo-data --report demo-report.html

demo-servers: setup ## the demo on Kafka, PostgreSQL and Redis, which are brought for it
	cargo build --profile demo -p weir-pipelines --bin weir
	REQUIRE_SERVICES=1 scripts/servers run -- sh -c '$(WEIR) demo --kafka "$$WEIR_TEST_KAFKA" \
		--postgres "$$WEIR_TEST_POSTGRES" --redis "$$WEIR_TEST_REDIS" --data demo-data --report demo-report.html'

test: setup ## every test, with the servers that some of them need
	scripts/servers run -- cargo test --workspace --lib --bins --tests

test-long: setup ## the tests that take an hour and more, such as a hundred rebalances over a broker that stands still
	scripts/servers run -- cargo test --workspace --lib --bins --tests -- --ignored --nocapture

lint: setup ## format and clippy, warnings denied
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

docs: setup ## the API documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

bench: setup ## collector throughput, decision and inference latency, beside one fdatasync
	cargo build --profile demo -p weir-pipelines --bin weir
	$(WEIR) bench collector
	$(WEIR) bench decisions
	$(WEIR) bench inference

bench-models: setup models/.venv/installed scoring/bench-onnxruntime/.venv/installed ## models beside ONNX Runtime, oneDAL and the shap library (Python, from pinned requirements)
	models/.venv/bin/python scoring/bench-onnxruntime/train.py bench-data/models
	cargo build --profile demo -p weir-pipelines -p weir-bench-onnxruntime
	$(CARGO_TARGET_DIR)/demo/weir-bench-onnxruntime bench-data/models \
		models/.venv/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.* \
		scoring/bench-onnxruntime/.venv/bin/python

forms: ## rewrite the committed schemas and API descriptions after a deliberate change
	UPDATE_FORMS=1 cargo test --workspace --test forms
	UPDATE_FORMS=1 cargo test --workspace --test platform forms::

models: models/.venv/installed ## train the shipped models again, and say what came out otherwise (Python, from pinned requirements)
	cd models && .venv/bin/python -m unittest discover --quiet -s training -t . && .venv/bin/python -m training

models/.venv/installed: models/requirements.txt
	python3 -m venv --clear models/.venv
	models/.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r models/requirements.txt
	touch $@

scoring/bench-onnxruntime/.venv/installed: scoring/bench-onnxruntime/requirements.txt
	python3 -m venv --clear scoring/bench-onnxruntime/.venv
	scoring/bench-onnxruntime/.venv/bin/pip install --quiet --disable-pip-version-check -r scoring/bench-onnxruntime/requirements.txt
	touch $@

TARGET ?= collector
SECONDS ?= 3600
fuzz: setup ## the fuzz target TARGET for SECONDS, from its corpus on (brings a nightly compiler and cargo-fuzz)
	scripts/fuzz run $(TARGET) $(SECONDS)

SEED ?= 1
VALUES ?= 1000000
fuzz-models: setup ## graphs drawn from SEED beside ONNX Runtime, until VALUES are compared (Python, from pinned requirements)
	cargo build --profile demo -p weir-pipelines --bin weir
	scoring/onnx/tests/corpus/make fuzz.py $(WEIR) --seed $(SEED) --values $(VALUES)

EXPRESSIONS ?= 20000
fuzz-expressions: setup ## expressions drawn from SEED beside DataFusion (Python, from pinned requirements)
	features/expr/tests/meaning/oracle/make --seed $(SEED) --expressions $(EXPRESSIONS) > $(CARGO_TARGET_DIR)/expressions.jsonl
	WEIR_EXPRESSIONS=$(CARGO_TARGET_DIR)/expressions.jsonl cargo test --workspace --test meaning -- oracle

corpus: ## write the graphs that hold the operators against ONNX Runtime anew (Python, from pinned requirements)
	scoring/onnx/tests/corpus/make

clean-demo:
	rm -rf demo-data demo-report.html

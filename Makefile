# Every check that guards this repository is a target here; `make ci` runs them all.
# Tools are pinned in tools/NAME.mod and built by `go tool` on first use.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

# How long fuzz and sim run, as a Go duration.
DURATION ?= 60s
# The simulation's seed. Without one, each run explores a new one and prints it.
SEED ?= $(shell date +%s)
# Which benchmarks, and how often each; benchstat wants at least 6 runs.
BENCH ?= .
COUNT ?= 1

# The shares of a full CI run; longer ones are for `make fuzz` and `make sim`.
# CI's seed is fixed, so a red run is the change's doing and not the seed's.
CI_FUZZ_DURATION := 10s
CI_SEED := 1
CI_JEPSEN_DURATION := 45s
CI_JEPSEN_RUNS2 := 1
CI_JEPSEN_HOURS2 := 0.5
DEMO_DURATION := 8s

# The pure core, and the share of its statements that its own tests must reach.
COVER_PACKAGES := budget lease sizing fsm
COVER_MIN := 90

# An archive without git history, and a repository without tags, still build.
VERSION = $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

GOLANGCI := go tool -modfile=tools/golangci-lint.mod golangci-lint
BUF := go tool -modfile=tools/buf.mod buf
BENCHSTAT := go tool -modfile=tools/benchstat.mod benchstat

# The wire types, the only generated code.
WIRE := transport/leasedv1

# seconds prints a Go duration as whole seconds, or fails.
seconds = awk -v d='$(1)' 'BEGIN { \
	unit["h"] = 3600; unit["m"] = 60; unit["s"] = 1; \
	for (s = d; match(s, /^[0-9]+[hms]/); s = substr(s, RLENGTH + 1)) \
		t += substr(s, 1, RLENGTH - 1) * unit[substr(s, RLENGTH, 1)]; \
	if (s != "" || t < 1) { print "bad duration: " d " (want 90s, 2m, 1h30m)" > "/dev/stderr"; exit 1 } \
	print t }'

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## build bin/leased
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/leased ./cmd/leased

.PHONY: test
test: ## run the tests
	go test ./...

.PHONY: race
# The race detector itself dies now and then in a package of synctest bubbles (golang/go issue
# 78156): then nothing was tested, and the packages that it died in are run again.
race: ## run the tests in random order under the race detector
	@out=$$(mktemp)
	trap 'rm -f "$$out"' EXIT
	packages=./...
	for try in 1 2 3; do
		if CGO_ENABLED=1 go test -race -shuffle=on $$packages 2>&1 | tee "$$out"; then
			exit 0
		fi
		packages=$$(awk '$$1 == "FAIL" && NF > 1 { print $$2 }' "$$out")
		died=$$(grep -c 'ThreadSanitizer: CHECK failed' "$$out" || true)
		if grep -q -e '^ *--- FAIL' -e 'DATA RACE' "$$out" || [[ $$died != $$(wc -w <<<"$$packages") ]]; then
			exit 1
		fi
		echo "race: the race detector died; once more:" $$packages
	done
	exit 1

.PHONY: lint
lint: ## run the linters, the import map among them
	$(GOLANGCI) run ./...
	$(BUF) lint

.PHONY: fmt
fmt: ## format the code
	$(GOLANGCI) fmt

.PHONY: fmt-check
fmt-check: ## fail if the code is not formatted
	@if ! $(GOLANGCI) fmt --diff; then
		echo "fmt-check: not formatted as above; run: make fmt"
		exit 1
	fi

.PHONY: vet
vet: ## run go vet, also on the modules of the peers
	go vet ./...
	go -C bench/peers vet ./...
	go -C bench/peers/gubernator vet ./...

.PHONY: generate
generate: ## regenerate the wire types from their .proto
	$(BUF) generate

# Compared in a copy, so that it needs neither a clean work tree nor git. A file that
# is missing or left over on either side is a difference too.
.PHONY: generate-check
generate-check: ## fail if the wire types are not what their .proto generates
	@tmp=$$(mktemp -d)
	trap 'rm -rf "$$tmp"' EXIT
	mkdir "$$tmp/committed"
	cp $(WIRE)/*.pb.go "$$tmp/committed"
	$(BUF) generate --output "$$tmp/out"
	if ! diff -ru "$$tmp/committed" "$$tmp/out/$(WIRE)" >"$$tmp/diff"; then
		sed -n 1,40p "$$tmp/diff"
		echo "generate-check: $(WIRE) is stale; run: make generate"
		exit 1
	fi
	echo "generate-check: $(WIRE) is what its .proto generates"

# Each package is measured by its own tests alone: what another package's tests
# happen to reach is not checked by them.
.PHONY: cover
cover: ## fail if the pure core's own tests reach too little of it
	@mkdir -p coverage
	short=""
	for p in $(COVER_PACKAGES); do
		go test -coverprofile="coverage/$$p.out" "./$$p"
		total=$$(go tool cover -func="coverage/$$p.out" |
			awk '/^total:/ { sub("%", "", $$NF); print $$NF }')
		printf 'cover: %-8s %5s %% (at least $(COVER_MIN) %%)\n' "$$p" "$$total"
		awk -v t="$$total" 'BEGIN { exit !(t >= $(COVER_MIN)) }' || short+=" $$p"
	done
	if [[ -n $$short ]]; then
		echo "cover: below $(COVER_MIN) %:$$short; see: go tool cover -html=coverage/PACKAGE.out"
		exit 1
	fi

.PHONY: fuzz
fuzz: ## fuzz every target for an equal share of DURATION=
	@total=$$($(call seconds,$(DURATION)))
	module=$$(go list -m)
	targets=$$(go test -list '^Fuzz' ./... | awk '
		/^Fuzz/ { name[n++] = $$1 }
		/^ok/ { for (i = 0; i < n; i++) print $$2, name[i]; n = 0 }')
	if [[ -z $$targets ]]; then
		echo "fuzz: no fuzz targets found; a run of none proves nothing"
		exit 1
	fi
	count=$$(wc -l <<<"$$targets")
	share=$$((total / count > 0 ? total / count : 1))
	failed=""
	while read -r pkg name; do
		dir=".$${pkg#"$$module"}"
		echo "fuzz: $$pkg $$name for $${share}s, seed corpus $$dir/testdata/fuzz/$$name"
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime "$${share}s" "$$pkg" </dev/null ||
			failed+=" $$pkg.$$name"
	done <<<"$$targets"
	if [[ -n $$failed ]]; then
		echo "fuzz: failed:$$failed"
		exit 1
	fi

# Only packages with a TestSim are run: another one does not know the sim flags. The test
# binary's own limit leaves room for the healed phase and the checkers.
.PHONY: sim
sim: seed := $(SEED)
sim: ## simulate faults for DURATION= from SEED=, check every run
	@total=$$($(call seconds,$(DURATION)))
	log=$$(mktemp)
	trap 'rm -f "$$log"' EXIT
	echo "sim: make sim SEED=$(seed) DURATION=$(DURATION)"
	packages=$$(go test -list '^TestSim' ./test/jepsen-lite/... |
		awk '/^TestSim/ { found = 1 } /^ok/ { if (found) print $$2; found = 0 }')
	if [[ -n $$packages ]]; then
		go test $$packages -count=1 -timeout "$$((2 * total + 600))s" \
			-run TestSim -sim.seed=$(seed) -sim.duration=$(DURATION) -v | tee "$$log"
	fi
	if ! grep -q '^--- PASS: TestSim' "$$log"; then
		echo "sim: no TestSim ran; a run of none proves nothing"
		exit 1
	fi

# TLA2TOOLS_JAR names tla2tools.jar. On two cores all configurations take well over an hour.
.PHONY: tla
tla: ## run TLC on every configuration of spec/tla, or on CONFIG=
	@if [[ -z "$${TLA2TOOLS_JAR:-}" ]]; then
		echo "tla: TLA2TOOLS_JAR is not set: TLC was not run"
		exit 0
	fi
	spec/tla/check.sh $(CONFIG)

.PHONY: proof
proof: ## explore every state of every model, and compare with TLC's counts: minutes, some GB
	go test ./spec/twin/explore -count=1 -timeout 60m -v -run '^TestProof$$' -explore.proof

# make race walks an even smaller scope, since the race detector makes a step ten times as slow.
.PHONY: lockstep-small
lockstep-small: ## walk the code along every edge of the model's graph, at a small scope
	go test ./test/jepsen-lite/lockstep -count=1 -v -run '^TestTour$$'

.PHONY: lockstep
lockstep: ## the same at every scope, and long random walks: minutes, some GB
	go test ./test/jepsen-lite/lockstep -count=1 -timeout 60m -v \
		-run '^TestTour$$|^TestDeep' -lockstep.full

# A build for each mutant: some minutes. The page is compared with the code by make test.
.PHONY: mutants
mutants: ## plant every bug, and show who catches it; ONLY=regexp some, WRITE=1 writes docs/mutants.md, FIRST=1 ends each hunt at its first catch
	go test ./test/jepsen-lite/mutants -count=1 -timeout 40m -v -run '^TestMutants$$' \
		-mutants.run -mutants.only='$(ONLY)' $(if $(WRITE),-mutants.write) $(if $(FIRST),-mutants.first)

.PHONY: kinds
kinds: HOURS ?= 24
kinds: ## play each kind of limit under all faults for HOURS= virtual hours, from SEED= on
	go test ./test/jepsen-lite/kinds -count=1 -timeout 2h -v -run '^TestHours$$' \
		-kinds.hours=$(HOURS) $(if $(SEED),-kinds.seed=$(SEED))

.PHONY: utilisation
utilisation: ## how much of a budget 2 to 512 limiters use under threefold overload, and how fairly
	go test ./test/jepsen-lite/cluster -count=1 -v -run '^(TestUtilisation|TestSharing)' -cluster.crowds

# Ring 1 is simulated, 2 whole nodes in virtual time, 3 real processes; RING=all is one after the
# other. Rings 1 and 3 break things for DURATION= of real time, ring 2 in RUNS2= runs of HOURS2=
# virtual hours. ELECT= is how long ring 3's cluster may take to get well, on a machine that is
# shared. Reports go to OUT=, one directory a ring, and one page and one table of them all.
RUNS2 ?= 4
HOURS2 ?= 1
RING ?= all
OUT ?= artifacts/jepsen-$(SEED)
.PHONY: jepsen
jepsen: seed := $(SEED)
jepsen: ## break ring RING= for DURATION= from SEED=, check all that was recorded
	@echo "jepsen: make jepsen RING=$(RING) SEED=$(seed) DURATION=$(DURATION) RUNS2=$(RUNS2) HOURS2=$(HOURS2)"
	out=$(abspath $(OUT))
	case "$(RING)" in
	1|2|3) rings="$(RING)" ;;
	all) rings="1 2 3" ;;
	*) echo "jepsen: RING=$(RING): want 1, 2, 3 or all"; exit 2 ;;
	esac
	failed=""
	for ring in $$rings; do
		mkdir -p "$$out/ring$$ring"
		case $$ring in
		1) set -- ./test/jepsen-lite/sim -run '^TestSim$$' \
			-sim.seed=$(seed) -sim.duration=$(DURATION) -sim.out="$$out/ring1" ;;
		2) set -- ./test/jepsen-lite/cluster -run '^TestLong$$' \
			-cluster.seed=$(seed) -cluster.runs=$(RUNS2) -cluster.hours=$(HOURS2) -cluster.out="$$out/ring2" ;;
		3) set -- ./test/jepsen-lite/process -run '^TestCampaign$$' \
			-process.seed=$(seed) -process.duration=$(DURATION) -process.out="$$out/ring3" \
			$(if $(ELECT),-process.elect=$(ELECT)) ;;
		esac
		go test "$$1" -count=1 -timeout 5h -v "$${@:2}" || failed+=" $$ring"
	done
	go run ./test/jepsen-lite/report/merge -html "$$out/report.html" -table "$$out/report.md" \
		"$$out"/ring*/campaign.json
	echo "jepsen: $$out/report.html"
	if [[ -n $$failed ]]; then
		echo "jepsen: failed: ring$$failed"
		exit 1
	fi

.PHONY: report
report: ## one page and one table of CAMPAIGNS= (campaign.json files) in OUT=
	@mkdir -p "$(OUT)"
	go run ./test/jepsen-lite/report/merge -html "$(OUT)/report.html" -table "$(OUT)/report.md" \
		$(CAMPAIGNS)

# A build for each bug and ring. All of them take most of an hour.
.PHONY: discriminate
discriminate: ## have every ring hunt every planted bug (ONLY= some); WRITE=1 writes docs/discrimination.md
	go test ./test/jepsen-lite/discriminate -count=1 -timeout 3h -v -run '^TestDiscriminate$$' \
		-discriminate.run -discriminate.only='$(ONLY)' $(if $(WRITE),-discriminate.write)

.PHONY: discriminate-small
discriminate-small: ## have rings 1 and 2 hunt four planted bugs
	go test ./test/jepsen-lite/discriminate -count=1 -timeout 10m -v -run '^TestDiscriminate$$' \
		-discriminate.run -discriminate.rings=12 -discriminate.bound=20s \
		-discriminate.only='^(clock-at-wall|epoch-ignored|retry-charged-again|carries-over)$$'

.PHONY: check-long
check-long: ## have the trace checker check 100,000,000 events, and print what lived on its heap: minutes
	go test ./spec/twin -run '^$$' -bench '^BenchmarkCheckHeap$$' -benchtime 1x -timeout 30m \
		-check.long

# Each match is one run of a rule that is written in place of a coordinator.
.PHONY: rivals
rivals: seed := $(SEED)
rivals: ## measure what is written in place of a coordinator, on ring 1's stage
	go test ./test/jepsen-lite/rival -count=1 -timeout 30m -v -run '^TestRivals$$' \
		-rival.seed=$(seed) -rival.seeds=20

.PHONY: failover
failover: ## kill the leader 50 times, and measure how long nothing is granted
	go test ./test/jepsen-lite/process -count=1 -timeout 1h -v -run '^TestCampaign$$' \
		-process.kills=50

# How many schedules linear runs.
RUNS ?= 300
.PHONY: linear
linear: seed := $(SEED)
linear: ## judge RUNS= recorded histories of clients from SEED=: are they linearizable?
	@echo "linear: make linear SEED=$(seed) RUNS=$(RUNS)"
	go test ./test/jepsen-lite/linear -count=1 -timeout 60m -v -run '^TestLinearizable$$' \
		-artifacts -linear.seed=$(seed) -linear.runs=$(RUNS)

.PHONY: demo
demo: ## start a cluster and a fleet on this machine, and watch the bound hold
	go run ./cmd/leased demo

# The exit code decides. The time limit turns a hang into a failure.
.PHONY: demo-check
demo-check: ## run the demo briefly and fail if it fails
	@out=$$(mktemp)
	trap 'rm -f "$$out"' EXIT
	code=0
	timeout 300 go run ./cmd/leased demo --duration $(DEMO_DURATION) --output json \
		>"$$out" || code=$$?
	tail -n 40 "$$out"
	if [[ $$code -ne 0 || ! -s $$out ]]; then
		echo "demo-check: exit code $$code, $$(wc -c <"$$out") bytes of output"
		exit 1
	fi
	echo "demo-check: ok"

# Ten minutes at most. Without ONLY= it writes docs/benchmarks.md, otherwise it prints the rows.
.PHONY: bench
bench: ## measure what bench/rows names, or what of it matches ONLY=, and make one table of it
	go run ./bench/table $(if $(ONLY),-only '$(ONLY)',-out docs/benchmarks.md)

.PHONY: bench-go
bench-go: ## run the benchmarks BENCH= of all packages, COUNT= times
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./...

.PHONY: peers
peers: ## measure Redis, gubernator and etcd beside leased: a minute
	go -C bench/peers test -run '^$$' -bench . -benchtime 1x -timeout 10m -v

# Needs valgrind. It counts the same whoever else runs on the machine.
.PHONY: bench-check
bench-check: ## fail if a key benchmark takes a tenth more instructions or allocations than bench/baseline.tsv says
	go run ./bench/baseline

.PHONY: bench-baseline
bench-baseline: ## take bench/baseline.tsv anew
	go run ./bench/baseline -write

.PHONY: benchstat
benchstat: ## compare two saved outputs of bench-go: OLD= NEW=
	$(BENCHSTAT) $(OLD) $(NEW)

# Building the linters is slow on a new machine; as a step of its own it is not
# mistaken for slow linting.
.PHONY: tools
tools: ## build the tools and print their versions
	$(GOLANGCI) version
	$(BUF) --version
	go tool -modfile=tools/protoc-gen-go.mod protoc-gen-go --version
	go tool -modfile=tools/protoc-gen-go-grpc.mod protoc-gen-go-grpc --version

# It stops at the first failure, so that the end of the log is the reason.
.PHONY: ci
ci: ## run every check, as CI does
	@steps=(
		tools
		fmt-check
		vet
		lint
		race
		cover
		lockstep-small
		generate-check
		"fuzz DURATION=$(CI_FUZZ_DURATION)"
		"jepsen SEED=$(CI_SEED) DURATION=$(CI_JEPSEN_DURATION) RUNS2=$(CI_JEPSEN_RUNS2) HOURS2=$(CI_JEPSEN_HOURS2) ELECT=60s"
		"linear SEED=$(CI_SEED) RUNS=100"
		discriminate-small
		"mutants FIRST=1"
		bench-check
		demo-check
	)
	summary=""
	SECONDS=0
	for i in "$${!steps[@]}"; do
		step=$${steps[i]}
		began=$$SECONDS
		echo "=== ci $$((i + 1))/$${#steps[@]}: make $$step"
		result=ok
		# The step is several words: a target and its variables.
		$(MAKE) --no-print-directory $$step || result=FAILED
		line=$$(printf '%-6s %4ds  make %s' "$$result" "$$((SECONDS - began))" "$$step")
		echo "=== ci $$((i + 1))/$${#steps[@]}: $$line"
		summary+="  $$line"$$'\n'
		if [[ $$result != ok ]]; then
			printf '=== ci: FAILED after %ds\n%s' "$$SECONDS" "$$summary"
			exit 1
		fi
	done
	printf '=== ci: ok in %ds\n%s' "$$SECONDS" "$$summary"

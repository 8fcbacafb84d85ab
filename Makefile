# make demo   the whole life of a run on the practice GitHub, explained
# make test   every test
# The other targets are for those who work on marketops.

GO      ?= go
BIN     := bin
MODULE  := github.com/omega/marketops
# cobra, go-github and sigstore are fetched by the go command; nothing else is needed.
export GOFLAGS += -buildvcs=false

# What the binaries say they are. Outside a clone say it: make build VERSION=v1.2.3
VERSION := $(shell git describe --tags --always --abbrev=12 --dirty 2>/dev/null)
STAMP := -X github.com/omega/marketops/internal/version.stamp=$(VERSION)

COSIGN := $(CURDIR)/$(BIN)/cosign
# Only a hang takes so long: no test measures how fast the machine is.
LIMIT   := -timeout 60m
# A go test that ends badly is a failure even if it could not say so in an event.
OR_FAIL := || echo '{"Action":"build-fail","Package":"go test"}'

# Inlining makes a program quicker and larger. In marketops-verify it is left to what every entry of
# an audit passes through.
INLINED := filippo.io/... github.com/omega/marketops/internal/canon/onepass
VERIFIER := -trimpath -gcflags=all=-l -gcflags=std= $(patsubst %,-gcflags=%=-l,fmt reflect time) \
	$(patsubst %,-gcflags=%=,$(INLINED)) -ldflags='-s -w -funcalign=16 $(STAMP)'

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: all build live verifier page browser test large exhaustive interop race demo lint bench compare soak crash disk mutants fuzz cross repro model docs coverage clean

all: build

build: verifier
	$(GO) build -trimpath -ldflags='$(STAMP)' -o $(BIN)/ ./cmd/marketops ./cmd/marketops-core

# One release, one tag and one pull request on the real GitHub, in a scratch repository: LIVE_REPOSITORY=owner/name and
# GITHUB_TOKEN. It asks before it begins and before it removes what it made. Nothing calls it but a person.
live: build
	@$(GO) run ./internal/tools/live

# Small, and the same to the byte wherever it is built from one commit: see repro.
verifier:
	CGO_ENABLED=0 $(GO) build $(VERIFIER) -o $(BIN)/ ./cmd/marketops-verify

# marketops-verify for a browser: one HTML file that cannot connect anywhere.
page:
	@mkdir -p $(BIN) && $(GO) run ./internal/tools/page -o $(BIN)/marketops-verify.html

# The page in a real browser; needs chromium.
browser:
	@{ cd interop && $(GO) test $(LIMIT) -count=1 -json -tags browser ./browser $(OR_FAIL) ; } | $(GO) run ./internal/tools/testreport

# interop/ is a module of its own, so that what only tests need is no dependency of ours.
test:
	@{ $(GO) test $(LIMIT) -json ./... $(OR_FAIL) ; cd interop && $(GO) test $(LIMIT) -count=1 -json ./... $(OR_FAIL) ; } | $(GO) run ./internal/tools/testreport

# The long tables whole: make test takes a sample of each and names its seed if a case fails.
SAMPLED := '{{$$p := .ImportPath}}{{range .TestImports}}{{if eq . "$(MODULE)/internal/test/exhaustive"}}{{$$p}}{{end}}{{end}}{{range .XTestImports}}{{if eq . "$(MODULE)/internal/test/exhaustive"}}{{$$p}}{{end}}{{end}}'
exhaustive:
	@{ MARKETOPS_EXHAUSTIVE=1 $(GO) test $(LIMIT) -count=1 -json $$($(GO) list -f $(SAMPLED) ./...) $(OR_FAIL) ; } | $(GO) run ./internal/tools/testreport

# Releases as large as GitHub takes them: 1000 files at GitHub's pace on a clock that runs fast, under two receipts, and a
# file of 2 GiB, of which no process holds more than a part in memory. Takes 2 GB of disk.
large:
	@{ $(GO) test $(LIMIT) -tags large -count=1 -json ./internal/test/large $(OR_FAIL) ; } | $(GO) run ./internal/tools/testreport

# What needs a cosign: the pages' commands for it, and everything that it must accept and refuse.
# The first build of cosign takes minutes.
interop: $(COSIGN)
	@export MARKETOPS_COSIGN="$(COSIGN)"; { $(GO) test $(LIMIT) -count=1 -json -tags cosign ./internal/test/pages $(OR_FAIL) ; \
		cd interop && $(GO) test $(LIMIT) -count=1 -json -tags cosign . $(OR_FAIL) ; } | $(GO) run ./internal/tools/testreport

$(COSIGN):
	GOBIN=$(CURDIR)/$(BIN) $(GO) install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3

# The stories run built binaries, which the race detector does not see; they are left out. With -short
# a loop takes every seventh byte, which is enough to race.
race:
	@{ $(GO) test $(LIMIT) -race -short -json $$($(GO) list ./... | grep -vE 'internal/test/(story|parity|pages)$$') $(OR_FAIL) ; \
		cd interop && $(GO) test $(LIMIT) -race -json ./claims $(OR_FAIL) ; } | $(GO) run ./internal/tools/testreport

demo:
	@$(GO) run ./internal/tools/demo

lint:
	@test -z "$$(gofmt -l . | tee /dev/stderr)"
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) vet -tags cosign ./internal/test/pages
	GOOS=js GOARCH=wasm $(GO) vet ./cmd/marketops-verify/page
	$(GO) vet -tags crash ./internal/test/soak && $(GO) run $(STATICCHECK) -tags crash ./internal/test/soak
	GOOS=linux GOARCH=amd64 $(GO) vet -tags disk ./internal/test/disk ./log/claims
	$(GO) vet -tags large ./internal/test/large && $(GO) run $(STATICCHECK) -tags large ./internal/test/large
	cd interop && $(GO) vet -tags cosign,browser ./... && $(GO) run $(STATICCHECK) -tags cosign,browser ./...

bench:
	$(GO) test -run '^$$' -bench . -benchtime 2s ./federation/core ./log/... ./receipt ./verifier/... ./cmd/marketops-verify

# Our verifier beside cosign and sigstore-go, on the same receipt and in turns: time, ratio, memory.
compare: $(COSIGN)
	@cd interop && MARKETOPS_COSIGN="$(COSIGN)" $(GO) test -run '^$$' -tags cosign -bench . -benchtime 50x .

# Kills publishers and the Core 500 times at random moments and has an independent checker judge what
# is left. make soak SOAK=-short kills 30 times, in less than a minute; SOAK=-unpaced=false keeps GitHub's pace, and takes long.
soak:
	@$(GO) run ./internal/test/soak -unpaced $(SOAK)

# Ends a publication at every point of both processes: killed, failing, asleep past the lease. The
# binaries are built from a patched copy (internal/test/patches); the source has no such point.
crash:
	@{ $(GO) test $(LIMIT) -tags crash -count=1 -json -parallel 12 ./internal/test/soak $(OR_FAIL) ; } | $(GO) run ./internal/tools/testreport

# Lets the disk be full, broken or gone at each call in turn of one publish; Linux, as root.
disk:
	@{ $(GO) test $(LIMIT) -count=1 -json -tags disk -parallel 8 ./internal/test/disk $(OR_FAIL) ; \
		$(GO) test $(LIMIT) -count=1 -json -tags disk -run '^TestFullDisk$$' ./log/claims $(OR_FAIL) ; } | $(GO) run ./internal/tools/testreport

# Each mutant removes one safeguard in a copy of the source; the test that is named with it must notice.
mutants: # MUTANTS='-sample 100' tries a random part
	@$(GO) run ./internal/test/mutants $(MUTANTS)

# A short look for each fuzz target; the corpus under testdata/fuzz runs with every make test.
fuzz:
	@for p in $$($(GO) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
			echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime 5s $$p || exit 1; \
		done; done

cross:
	@for t in linux/amd64 linux/arm64 darwin/arm64 windows/amd64; do \
		echo "== $$t"; GOOS=$${t%/*} GOARCH=$${t#*/} CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/marketops && \
		GOOS=$${t%/*} GOARCH=$${t#*/} CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/marketops-verify || exit 1; done
	@for t in linux/arm64 darwin/arm64; do \
		echo "== $$t core"; GOOS=$${t%/*} GOARCH=$${t#*/} CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/marketops-core || exit 1; done

# Every order of the steps of the publish protocol and of changes of trust.json, within small bounds; needs spin and gcc.
model:
	@docs/model/check.sh

# Builds marketops-verify from two archives of the commit, which hold no history, and compares.
repro:
	@set -e; v=$$(git describe --tags --always --abbrev=12); a=$$(mktemp -d); b=$$(mktemp -d); for d in $$a $$b; do \
		git archive HEAD | tar -x -C $$d; $(MAKE) -s -C $$d verifier BIN=. VERSION=$$v ; done; \
	p=marketops-verify; cmp $$a/$$p $$b/$$p && echo "reproduced: $$v, $$($(GO) version), $$(wc -c < $$a/$$p) bytes, sha256 $$(sha256sum < $$a/$$p | cut -d' ' -f1)"; \
	rm -rf $$a $$b

docs:
	$(GO) test . -run TestRefusalsPage -update

clean:
	rm -rf $(BIN) demo

# Which exported functions the stories and the vectors reach, and which codes are proved where.
# With MARKETOPS_COVERDIR set it reports what make test has left there; otherwise it runs the stories.
coverage:
	@dir=$${MARKETOPS_COVERDIR:-$$(mktemp -d)}; vectors=$$(mktemp -d); \
	if [ -z "$$MARKETOPS_COVERDIR" ]; then MARKETOPS_COVERDIR=$$dir $(GO) test $(LIMIT) -count=1 ./internal/test/story ./internal/test/parity ./internal/test/pages >/dev/null || exit 1; fi; \
	$(GO) test -count=1 -cover -coverpkg=./... -run TestVectors ./receipt/gate -args -test.gocoverdir=$$vectors >/dev/null && \
	$(GO) tool covdata func -i=$$dir,$$vectors | $(GO) run ./internal/tools/coverreport
	@$(GO) run ./internal/tools/codecoverage

# Everything a developer runs. Each target works from a fresh clone on Debian with Go, Node and gcc; what else it needs,
# it installs.
# Every build strips this machine's paths and keeps to the libheif and libavif that are compiled in (internal/imaging/heif),
# so that all share one cache. Only the program itself is compiled by cmd/valetkey/default.pgo.
export GOFLAGS := $(GOFLAGS) -trimpath -tags=nodynamic -pgo=off
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
WEB_SOURCES := $(shell find web packages -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

.PHONY: run build test test-go test-web test-e2e test-rclone lint bench profile browser clean

run: build
	./bin/valetkey serve

build: bin/valetkey

# The binary carries the web app, so that is built first.
bin/valetkey: web/dist/index.html FORCE
	go build -pgo=auto -ldflags "-s -w -X main.version=$(VERSION)" -o $@ ./cmd/valetkey

web/dist/index.html: node_modules/.installed $(WEB_SOURCES)
	npm run build
	@touch $@

node_modules/.installed: package.json package-lock.json $(wildcard web/package.json packages/*/package.json test/package.json)
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

test: test-go test-web test-e2e

test-go: web/dist/index.html
	go vet ./...
	go test -race ./...
	CGO_ENABLED=0 go test ./internal/imaging/... ./cmd/...

test-web: web/dist/index.html
	npm run typecheck
	npm test

test-e2e: build browser
	npm run test:e2e

# rclone against the embedded service. Not in "test": building rclone takes minutes of processor time.
test-rclone: build
	@./test/install-rclone
	npx vitest run --root test e2e/storage-rclone.test.ts

# A browser for the tests: Debian's, unless VALETKEY_TEST_BROWSER names another.
browser:
	@./test/install-browser

lint: node_modules/.installed
	@unformatted=$$(git ls-files '*.go' | xargs gofmt -l); test -z "$$unformatted" || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	npm run typecheck

bench: build browser
	go run ./test/bench

# What the compiler optimizes the program for: where its time goes under the benchmarks' loads. Again after hot paths changed.
profile: build
	rm -rf bin/profile
	VALETKEY_CPU_PROFILE=$(CURDIR)/bin/profile go run ./test/bench -only '^(puts|gets)$$' grants storage
	go tool pprof -proto bin/profile/*.pprof > cmd/valetkey/default.pgo

clean:
	rm -rf bin web/dist/assets node_modules

FORCE:

# Everything a developer runs. Each target works from a fresh clone on Debian with Go, Node and gcc.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: build test
build:
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/valetkey ./cmd/valetkey

test:
	go vet ./...
	go test -race ./...

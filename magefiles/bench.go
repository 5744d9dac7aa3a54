//go:build mage

package main

import (
	"context"

	"github.com/magefile/mage/mg"
)

// Bench holds the benchmarks against peer programs.
type Bench mg.Namespace

// All measures the promised speeds against the usual programs and prints ratios; -only=PART measures one part.
func (Bench) All(ctx context.Context, only *string) error { return toolkit().Bench(ctx, only) }

// Cpython measures the promises of cpython:all against make and pyenv's python-build; -pgo=true builds with a profile, as is the default of cpython:all, and takes an hour.
func (Bench) Cpython(ctx context.Context, pgo *bool) error { return toolkit().BenchCPython(ctx, pgo) }

// VM measures backup:vm of a 10 GB disk with 2 GB of data against qemu-img convert; it needs libvirt.
func (Bench) VM(ctx context.Context) error { return toolkit().BenchVM(ctx) }

// CI measures the pipeline of a project of Node and Python against its commands one after the other and against go-task; it needs npm with a registry.
func (Bench) CI(ctx context.Context) error { return toolkit().BenchCI(ctx) }

// Doctor breaks a real Docker and real devcontainers, one fault at a time, and counts how often devcontainer:doctor puts the right cause first: -only=NAME,NAME takes some by how their names begin, -keep=true shows all that was said.
func (Bench) Doctor(ctx context.Context, only *string, keep *bool) error {
	return toolkit().BenchDoctor(ctx, only, keep)
}

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

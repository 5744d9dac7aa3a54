//go:build mage

package main

import (
	"context"

	"github.com/magefile/mage/mg"
)

// Release holds the targets that make what is handed out.
type Release mg.Namespace

// Binary builds dist/iact, one static program for hosts without Go.
func (Release) Binary(ctx context.Context) error { return toolkit().ReleaseBinary(ctx) }

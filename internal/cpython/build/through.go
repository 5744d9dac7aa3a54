package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"iact-infra/internal/fault"
)

// compilersDir, in Work, comes first in PATH where gcc is called through another
// program.
const compilersDir = "compilers"

// through gives the variables by which the compiler is called through ccache,
// distcc, or the one and then the other. Both take the name under which they are
// started for that of the compiler: so CC stays gcc, and what pip builds later
// with the interpreter does not ask for them (ccache(1) and distcc(1), below
// "masquerade").
func (b *Build) through(ctx context.Context) ([]string, error) {
	if len(b.Through) == 0 {
		return nil, nil
	}
	dir := filepath.Join(b.Work, compilersDir)
	if err := b.fresh(compilersDir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	first, err := b.Door.Look(ctx, b.Through[0])
	for _, next := range b.Through[1:] {
		if err == nil {
			_, err = b.Door.Look(ctx, next)
		}
	}
	if err != nil {
		return nil, fault.New(fault.Missing, "install it, or leave it out of cpython.ccache and cpython.distcc", fmt.Errorf("compile through %s: %w", b.Through, err))
	}
	for _, name := range []string{"gcc", "g++", "cc", "c++"} {
		if err := os.Symlink(first, filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	env := []string{"BUILD_COMPILERS=" + dir}
	if len(b.Through) > 1 {
		env = append(env, "CCACHE_PREFIX="+b.Through[1])
	}
	return env, nil
}

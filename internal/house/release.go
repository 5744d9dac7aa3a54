package house

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// released is the result of release:binary.
type released struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Size    int64  `json:"size_bytes"`
}

// ReleaseBinary is release:binary: it builds dist/iact, a static program that
// needs neither Go nor a checkout of the modules, and runs it once.
func (h *House) ReleaseBinary(ctx context.Context) error {
	return h.Told(h.release(ctx))
}

func (h *House) release(ctx context.Context) error {
	root, err := h.Root()
	if err != nil {
		return err
	}
	door, err := h.Door()
	if err != nil {
		return err
	}
	target := filepath.Join(root, "dist", "iact")
	if door.Planning() {
		return door.Run(ctx, compiler(root, target, described(ctx, door, root)))
	}
	built := released{Path: target, Version: described(ctx, door, root)}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("release binary: %w", err)
	}
	built.Size, err = Build(ctx, door, root, target, built.Version)
	if err != nil {
		return err
	}
	return h.result(func(string) (any, func(io.Writer), error) {
		return built, func(w io.Writer) {
			_, _ = fmt.Fprintf(w, "%s  %s  %s\n", built.Path, report.Bytes(built.Size), built.Version)
		}, nil
	})
}

// Build compiles the program of the checkout root to target, runs it with -l to
// see that it works, and only then gives it its name. It returns its size.
func Build(ctx context.Context, door *command.Door, root, target, version string) (int64, error) {
	// In a directory of its own it has its own name already: its help shows it.
	dir, err := os.MkdirTemp(filepath.Dir(target), ".new-")
	if err != nil {
		return 0, fmt.Errorf("build %s: %w", filepath.Base(target), err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	unproved := filepath.Join(dir, filepath.Base(target))
	if err := compile(ctx, door, root, unproved, version); err != nil {
		return 0, fmt.Errorf("build %s: %w", filepath.Base(target), err)
	}
	listed, err := door.Text(ctx, command.Read(unproved, "-l")).String()
	if err == nil && !strings.Contains(listed, "release:binary") {
		err = errors.New("it does not list release:binary")
	}
	if err != nil {
		return 0, fault.New(fault.Invalid, "", fmt.Errorf("run the new %s: %w", filepath.Base(target), err))
	}
	info, err := os.Stat(unproved)
	if err != nil {
		return 0, fmt.Errorf("build %s: %w", filepath.Base(target), err)
	}
	if err := os.Rename(unproved, target); err != nil {
		return 0, fmt.Errorf("build %s: %w", filepath.Base(target), err)
	}
	return info.Size(), nil
}

// compiler is the command that builds the program. The linker leaves symbol
// tables out and notes the version; mage passes nothing else on to the compiler,
// so that the rest goes through the environment.
func compiler(root, target, version string) command.Command {
	build := command.Change("go", "tool", "mage", "-compile", target,
		"-ldflags", "-s -w -X iact-infra/internal/house.version="+version)
	build.Dir = root
	build.Env = []string{"CGO_ENABLED=0", "GOFLAGS=-trimpath"}
	return build
}

// compile runs the compiler. mage writes its generated main file into magefiles/
// and removes it after compiling, so that two builds in one checkout can pull it
// from under each other: such a build is tried again.
func compile(ctx context.Context, door *command.Door, root, target, version string) error {
	const tries = 3
	for try := 1; ; try++ {
		err := door.Run(ctx, compiler(root, target, version))
		var failed *command.Error
		if err == nil || try == tries || !errors.As(err, &failed) || !strings.Contains(failed.Stderr, "mage_output_file.go") {
			return err
		}
	}
}

// described is the version of the checkout, "dev" when git cannot tell.
func described(ctx context.Context, door *command.Door, root string) string {
	ask := command.Read("git", "describe", "--tags", "--always", "--dirty")
	ask.Dir = root
	said, err := door.Text(ctx, ask).String()
	if version := strings.TrimSpace(said); err == nil && version != "" && !strings.ContainsAny(version, " '\"") {
		return version
	}
	return "dev"
}

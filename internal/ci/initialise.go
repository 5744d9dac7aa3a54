package ci

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"iact-infra/internal/ci/defaults"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/whole"
)

// Initialise is ci:init: what was found in the project, as a section of the
// configuration that a person can change. One that is there is never replaced.
func (r *Room) Initialise(ctx context.Context, door *command.Door, lang string) (any, func(io.Writer), error) {
	s, err := r.described(ctx, &procedure.Work{Door: door, Lang: lang})
	if err != nil {
		return nil, nil, err
	}
	section, err := defaults.Init(s.pipeline, s.config.CI, lang)
	if err != nil {
		return nil, nil, err
	}
	file := r.getenv("IACT_CONFIG")
	if file == "" {
		file = filepath.Join(s.config.Root, "config", "iact.yaml")
	}
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return nil, nil, fmt.Errorf("read configuration: %w", err)
	}
	full, err := defaults.Write(text, section)
	if err != nil {
		return nil, nil, fault.New(fault.Code(err), fault.Hint(err), fmt.Errorf("write %s: %w", file, err))
	}
	if door.Planning() {
		err = door.Run(ctx, command.Change("tee", file))
	} else {
		err = keepMode(file, full)
	}
	return Written{File: file, Changed: err == nil && !door.Planning()}, func(w io.Writer) { fmt.Fprint(w, section) }, err
}

// keepMode replaces a file, and leaves its mode as it is.
func keepMode(file string, text []byte) error {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode().Perm()
	}
	if err := whole.Text(file, text); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return os.Chmod(file, mode)
}

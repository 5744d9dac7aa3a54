package discover

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// machines finds the servers of the Vagrant machines. None is started.
func (f *Finder) machines(ctx context.Context) []Server {
	names := f.Machines
	if len(names) == 0 {
		names = made(f.Vagrant)
	}
	var all []Server
	for _, name := range names {
		one, cancel := context.WithTimeoutCause(ctx, machineTime, late(machineTime))
		all = append(all, f.machine(one, "vagrant:"+name)...)
		cancel()
	}
	return all
}

func (f *Finder) machine(ctx context.Context, via string) []Server {
	found := f.look(ctx, via, []string{source.KindPostgres, source.KindMariaDB})
	for i := range found {
		if s := &found[i]; s.State == NeedsPassword && s.Fix == "" {
			s.Fix = putPassword(s)
		}
	}
	return found
}

// made are the machines that Vagrant has made in a directory: each has an id.
func made(dir string) []string {
	ids, _ := filepath.Glob(filepath.Join(dir, ".vagrant", "machines", "*", "*", "id"))
	var all []string
	for _, id := range ids {
		name := filepath.Base(filepath.Dir(filepath.Dir(id)))
		info, err := os.Stat(id)
		if err == nil && info.Size() > 0 && command.CheckPlace("vagrant:"+name) == "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// away is a place that could not be looked at.
func away(via, kind string, err error) Server {
	s := Server{Via: via, Kind: kind, State: NoAnswer, Note: oneLine(err), Fix: fault.Hint(err)}
	var unreachable *command.Unreachable
	if errors.As(err, &unreachable) {
		s.Note = unreachable.Why
		if strings.HasPrefix(via, "vagrant:") && strings.Contains(unreachable.Why, "does not run") {
			s.State = NotRunning
		}
	}
	return s
}

// oneLine is what an error says, in the first of its lines.
func oneLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

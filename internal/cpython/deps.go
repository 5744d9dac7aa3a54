package cpython

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// lacking is what the build needs and the system has not.
func (r *Room) lacking(ctx context.Context, w *procedure.Work) ([]build.Need, error) {
	b, _, err := r.build(w)
	if err != nil {
		return nil, err
	}
	var all []build.Need
	for _, need := range r.o.Needs {
		here := need.Here(func(program string) bool {
			_, err := w.Door.Look(ctx, program)
			return err == nil
		})
		if !here && !need.Dispensable(func(module string) bool { return slices.Contains(b.Allowed, module) }) {
			all = append(all, need)
		}
	}
	return all, ctx.Err()
}

func (r *Room) depsHere(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	if evidence, done, err := r.finished(ctx, w); done || err != nil {
		return evidence, err
	}
	lacking, err := r.lacking(ctx, w)
	if err != nil {
		return "", err
	}
	if len(lacking) == 0 {
		return procedure.Evidence(fmt.Sprintf("all %d programs and libraries are here", len(r.o.Needs))), nil
	}
	var names []string
	for _, need := range lacking {
		names = append(names, need.Name)
	}
	return "", fmt.Errorf("%w: %s", procedure.ErrNotDone, strings.Join(names, ", "))
}

// installDeps installs what is missing, and nothing else. apt waits for another
// one that is at work.
func (r *Room) installDeps(ctx context.Context, w *procedure.Work) error {
	lacking, err := r.lacking(ctx, w)
	if err != nil {
		return err
	}
	for _, need := range lacking {
		w.Say.Info("%s is missing: %s", need.Name, need.Costs)
	}
	commands, err := packages(lacking)
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return fault.New(fault.Missing, "as root: "+strings.Join(shown(commands), " && "), errors.New("install packages: only root may"))
	}
	if err := w.Record("packages", names(lacking)); err != nil {
		return err
	}
	for _, c := range commands {
		if err := w.Door.Run(ctx, c); err != nil {
			return fmt.Errorf("install packages: %w", err)
		}
	}
	return nil
}

func names(needs []build.Need) []string {
	var all []string
	for _, need := range needs {
		all = append(all, need.Debian)
	}
	return all
}

// packages are the commands that install what needs are met by on Debian and
// Ubuntu. For other systems they are printed, not run.
func packages(needs []build.Need) ([]command.Command, error) {
	system := build.System()
	if slices.Contains(system.Like, "debian") {
		const wait = "DPkg::Lock::Timeout=300"
		update := command.Change("apt-get", "-o", wait, "update")
		install := command.Change("apt-get", append([]string{"-o", wait, "install", "-y", "--no-install-recommends"}, names(needs)...)...)
		install.Env = []string{"DEBIAN_FRONTEND=noninteractive"}
		return []command.Command{update, install}, nil
	}
	line := elsewhere(system, needs)
	if line == "" {
		line = "install by the means of your system what the lines above name"
	}
	return nil, fault.New(fault.Missing, line, fmt.Errorf("install packages on %s: only on Debian and Ubuntu this is done for you", system.Name))
}

// elsewhere is the line to type on a system that is not Debian's.
func elsewhere(system build.OS, needs []build.Need) string {
	for _, known := range []struct {
		like, line string
		name       func(build.Need) string
	}{
		{"fedora", "dnf install -y", func(n build.Need) string { return n.Fedora }},
		{"alpine", "apk add", func(n build.Need) string { return n.Alpine }},
		{"darwin", "brew install", func(n build.Need) string { return n.Homebrew }},
	} {
		if !slices.Contains(system.Like, known.like) {
			continue
		}
		line := known.line
		for _, need := range needs {
			if name := known.name(need); name != "" && !strings.Contains(line+" ", " "+name+" ") {
				line += " " + name
			}
		}
		return line
	}
	return ""
}

func shown(commands []command.Command) []string {
	var all []string
	for _, c := range commands {
		all = append(all, c.String())
	}
	return all
}

func (r *Room) planDeps(ctx context.Context, w *procedure.Work) ([]string, error) {
	lacking, err := r.lacking(ctx, w)
	if err != nil || len(lacking) == 0 {
		return nil, err
	}
	var lines []string
	for _, need := range lacking {
		lines = append(lines, "# "+need.Name+" is missing: "+need.Costs)
	}
	commands, err := packages(lacking)
	if err != nil {
		return append(lines, fault.Hint(err)), nil
	}
	return append(lines, shown(commands)...), nil
}

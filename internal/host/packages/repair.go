package packages

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"iact-infra/internal/command"
)

// Broken says what an interrupted dpkg left unfinished; "" when nothing is.
func (a *Apt) Broken(ctx context.Context) (string, error) {
	// Files with numbers for names in updates/ are what dpkg had not merged yet.
	out, err := a.script(ctx, `dpkg-query -W -f='${db:Status-Abbrev} ${binary:Package}\n' | grep -v '^.[nci] '; ls /var/lib/dpkg/updates 2>/dev/null | grep '^[0-9]*$' | sed 's/^/journal /'; exit 0`)
	if err != nil {
		return "", fmt.Errorf("look for an interrupted dpkg: %w", err)
	}
	var names []string
	journal := false
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		switch {
		case len(f) < 2:
		case f[0] == "journal":
			journal = true
		default:
			names = append(names, f[len(f)-1])
		}
	}
	switch {
	case len(names) > 0:
		return "dpkg was interrupted at " + strings.Join(names, ", "), nil
	case journal:
		return "dpkg was interrupted in writing its list", nil
	}
	return "", nil
}

// Repair finishes what an interrupted dpkg left, and then lets apt complete what
// that lacks. Where nothing is broken it changes nothing.
func (a *Apt) Repair(ctx context.Context) error {
	what, err := a.Broken(ctx)
	if err != nil || what == "" {
		return err
	}
	a.say("%s: finishing it (%s)", what, repairLine)
	configure := command.Change("dpkg", "--force-confold", "--configure", "-a")
	configure.Env, configure.As = quiet(), "root"
	// What cannot be configured because something else is missing, apt completes.
	first := a.run(ctx, configure)
	if err := a.run(ctx, a.get("-f", "install")); err != nil {
		return fmt.Errorf("repair %s: %w", what, errors.Join(err, first))
	}
	if a.Door.Planning() {
		return nil
	}
	// A package that was cut while it was unpacked is neither: it comes again.
	now, err := a.Snapshot(ctx)
	if err != nil {
		return err
	}
	if torn := now.Torn(); len(torn) > 0 {
		if err := a.run(ctx, a.get(append([]string{"--reinstall", "install"}, torn...)...)); err != nil {
			return fmt.Errorf("repair %s: %w", what, err)
		}
	}
	if what, err = a.Broken(ctx); err == nil && what != "" {
		err = fmt.Errorf("repair packages: %s still", what)
	}
	return err
}

// ready repairs, or refuses to work on, a broken state. A host on which an
// earlier run was killed is mended by the next one.
func (a *Apt) ready(ctx context.Context) error {
	if a.Mend {
		return a.Repair(ctx)
	}
	what, err := a.Broken(ctx)
	if err != nil || what == "" {
		return err
	}
	return &Problem{Kind: Interrupted, Text: what, Fix: repairLine}
}

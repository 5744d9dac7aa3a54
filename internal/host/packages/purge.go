package packages

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// nuke is what Debian's and Ubuntu's docker.io leaves when it is removed, and
// runs when it is purged: it deletes every image, container and volume.
const nuke = "/var/lib/docker/nuke-graph-directory.sh"

// purge takes away the configuration of what we installed and has gone. A
// package whose script would touch Docker's data is not purged.
func (w *work) purge(ctx context.Context, r Record, ours []string) error {
	now, err := w.Snapshot(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, c := range r.Packages {
		name := now.key(c.Name)
		residue := now.Packages[name].Has == Residue || w.Door.Planning() && slices.Contains(ours, name)
		if c.Before == "" && !c.Left && residue {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	unsafe, err := w.dangerous(ctx, names)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(unsafe, name) })
	for _, name := range unsafe {
		w.say("the configuration of %s stays: purging it would touch /var/lib/docker", name)
	}
	if len(names) == 0 {
		return nil
	}
	// The script is the package's, not the user's: without it the purge is safe.
	disarm := command.Change("rm", "-f", "--", nuke)
	disarm.As = "root"
	if err := w.Door.Run(ctx, disarm); err != nil {
		return fmt.Errorf("keep docker's data from being purged: %w", err)
	}
	return w.run(ctx, w.get(append([]string{"purge"}, names...)...))
}

// dangerous are the packages whose purge names Docker's data otherwise than
// through the script that is removed before.
func (w *work) dangerous(ctx context.Context, names []string) ([]string, error) {
	out, err := w.script(ctx, `for n; do
  for f in "/var/lib/dpkg/info/$n.postrm" "/var/lib/dpkg/info/${n%%:*}.postrm"; do
    [ -f "$f" ] && grep -v '^ *#' "$f" | grep -v nuke-graph-directory.sh | grep -Eq '/var/lib/(docker|containerd)' && { echo "$n"; break; }
  done
done; exit 0`, names...)
	if err != nil {
		return nil, fmt.Errorf("read what purging does: %w", err)
	}
	return strings.Fields(out), nil
}

// sweep removes the copies of configuration files that appeared since, where
// they belong to a package of the record.
func (w *work) sweep(ctx context.Context, r Record) error {
	now, err := w.traces(ctx)
	if err != nil {
		return err
	}
	for _, file := range now.strays() {
		if slices.Contains(r.Strays, file) {
			continue
		}
		base := file[:strings.LastIndex(file, ".")]
		owner, err := w.script(ctx, `dpkg-query -S -- "$1" 2>/dev/null; exit 0`, base)
		if err != nil {
			return fmt.Errorf("find whose %s is: %w", base, err)
		}
		name, _, _ := strings.Cut(owner, ": ")
		if slices.ContainsFunc(r.Packages, func(c Change) bool { return c.Name == name }) {
			if err := w.drop(ctx, file); err != nil {
				return err
			}
		}
	}
	return nil
}

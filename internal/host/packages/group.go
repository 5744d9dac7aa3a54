package packages

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// dockerGroup is what Docker's packages make and leave when they are purged.
const dockerGroup = "docker"

// willMakeGroup notes a group that is not there yet and that the packages make.
func (w *work) willMakeGroup(ctx context.Context, name string) error {
	line, err := w.group(ctx, name)
	if err != nil || line != "" {
		return err
	}
	return w.intend(Record{Finished: true, Groups: []string{name}})
}

func (a *Apt) group(ctx context.Context, name string) (string, error) {
	line, err := a.script(ctx, `getent group "$1"; exit 0`, name)
	if err != nil {
		return "", fmt.Errorf("look for group %s: %w", name, err)
	}
	return strings.TrimSpace(line), nil
}

// backGroup removes a group that came with the packages, unless somebody is in
// it by now.
func (w *work) backGroup(ctx context.Context, name string, o *Outcome) error {
	line, err := w.group(ctx, name)
	if err != nil || line == "" {
		return err
	}
	if members := line[strings.LastIndex(line, ":")+1:]; members != "" {
		o.Kept = append(o.Kept, fmt.Sprintf("group %s: %s is in it", name, members))
		return nil
	}
	owner, err := w.script(ctx, `getent passwd | cut -d: -f1,4 | grep ":$1\$" | head -n 1 | cut -d: -f1; exit 0`, strings.Split(line, ":")[2])
	if err != nil {
		return fmt.Errorf("look who is in group %s: %w", name, err)
	}
	if owner != "" {
		o.Kept = append(o.Kept, fmt.Sprintf("group %s: it is that of user %s", name, strings.TrimSpace(owner)))
		return nil
	}
	c := command.Change("groupdel", name)
	c.As = "root"
	if err := w.Door.Run(ctx, c); err != nil {
		return fmt.Errorf("remove group %s: %w", name, err)
	}
	return nil
}

// backUser removes a user that came with the packages; the home stays. One that
// runs something by now stays, too.
func (w *work) backUser(ctx context.Context, name string, o *Outcome) error {
	there, err := w.script(ctx, `getent passwd "$1"; exit 0`, name)
	if err != nil || there == "" {
		return err
	}
	busy, err := w.script(ctx, `for p in /proc/[0-9]*; do [ "$(stat -c %U "$p" 2>/dev/null)" != "$1" ] || { echo "${p#/proc/}"; break; }; done; exit 0`, name)
	if err != nil {
		return fmt.Errorf("look for processes of %s: %w", name, err)
	}
	if busy != "" {
		o.Kept = append(o.Kept, fmt.Sprintf("user %s: process %s is theirs", name, strings.TrimSpace(busy)))
		return nil
	}
	c := command.Change("userdel", name)
	c.As = "root"
	if err := w.Door.Run(ctx, c); err != nil {
		return fmt.Errorf("remove user %s: %w", name, err)
	}
	return nil
}

func union[T comparable](a, b []T) []T {
	all := slices.Clone(a)
	for _, one := range b {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

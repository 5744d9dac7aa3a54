package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// group is who may use Docker without being root, and so is root.
const group = "docker"

// joinedKey is where step 4 notes what it is about to change.
const joinedKey = "group"

// joined is a user who was put into the group.
type joined struct {
	On   string `json:"on,omitempty"`
	User string `json:"user"`
	Made bool   `json:"made"` // the group was not there
}

// member is who is to use Docker: the configured user, else the one who typed
// sudo, else the one who is logged in. "" is root, who needs no group.
func (r *Room) member(m *machine) (string, error) {
	c, err := r.o.Config()
	if err != nil {
		return "", err
	}
	name := c.Host.User
	if name == "" && m.local() {
		name = r.o.Getenv("SUDO_USER")
	}
	if name = cmp.Or(name, m.user); name == "root" {
		return "", nil
	}
	return name, nil
}

// inGroup proves that Docker answers the user, and not only that a file says so.
func (r *Room) inGroup(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	m, err := r.machine(ctx, w)
	if err != nil {
		return "", err
	}
	name, err := r.member(m)
	if err != nil {
		return "", err
	}
	if name == "" {
		return "root needs no group; host.user names somebody who does", nil
	}
	groups, err := m.Text(ctx, command.Read("id", "-nG", "--", name)).String()
	if err != nil {
		return "", fault.New(fault.Missing, "make the user first, or put another one into host.user", fmt.Errorf("look up user %s: %w", name, err))
	}
	if !slices.Contains(strings.Fields(groups), group) {
		return "", fmt.Errorf("%w: %s is not in the group %s", procedure.ErrNotDone, name, group)
	}
	if err := m.answers(ctx, name); err != nil {
		return "", err
	}
	return procedure.Evidence(fmt.Sprintf("docker answers %s, who is in the group %s", name, group)), nil
}

// answers asks Docker as the user, in a session of their own: the groups of one
// that is open do not change any more.
func (m *machine) answers(ctx context.Context, name string) error {
	const ask = "docker version --format {{.Server.Version}}"
	c := m.change("su", "-s", "/bin/sh", "-c", ask, "--", name)
	if m.uid != "0" && name == m.user {
		c = command.Read("sg", group, "-c", ask)
	}
	c.Changes, c.Env = false, m.env
	c.Timeout = 20 * time.Second // a daemon that hangs says nothing, ever
	if err := m.Run(ctx, c); err != nil {
		return fault.New(fault.Missing, "host:docker installs and starts it", fmt.Errorf("ask docker as %s: %w", name, err))
	}
	return nil
}

func (r *Room) join(ctx context.Context, w *procedure.Work) error {
	m, err := r.machine(ctx, w)
	if err != nil {
		return err
	}
	name, err := r.member(m)
	if err != nil || name == "" {
		return err
	}
	note := joined{On: m.on, User: name}
	if err := m.Run(ctx, command.Read("getent", "group", group)); err != nil {
		var failed *command.Error
		if !errors.As(err, &failed) || failed.Exit != 2 { // getent(1): not found
			return err
		}
		note.Made = true
	}
	if err := w.Record(joinedKey, note); err != nil {
		return err
	}
	if note.Made {
		if err := m.Run(ctx, m.change("groupadd", "--system", group)); err != nil {
			return fmt.Errorf("make group %s: %w", group, err)
		}
	}
	if err := m.Run(ctx, m.change("usermod", "--append", "--groups", group, name)); err != nil {
		return fmt.Errorf("put %s into group %s: %w", name, group, err)
	}
	w.Say.Warn("%s can become root on %s now: who may use Docker may mount /. Rootless mode is the alternative (dockerd-rootless-setuptool.sh install)", name, m.name())
	w.Say.Info("sessions that are open do not know it yet: log in anew, or newgrp %s", group)
	return nil
}

// leave takes the user out again, and the group with it that was made for that.
func (r *Room) leave(ctx context.Context, w *procedure.Work) error {
	var note joined
	m, err := r.recalled(ctx, w, joinedKey, &note, &note.On)
	if err != nil {
		return err
	}
	if m == nil {
		return procedure.ErrNothingToUndo
	}
	in, err := m.members(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(in, note.User) {
		if err := m.Run(ctx, m.change("gpasswd", "--delete", note.User, group)); err != nil {
			return fmt.Errorf("take %s out of group %s: %w", note.User, group, err)
		}
		in = slices.DeleteFunc(in, func(name string) bool { return name == note.User })
	}
	if !note.Made || len(in) > 0 {
		return nil
	}
	if err := m.Run(ctx, m.change("sh", "-c", "getent group "+group+" >/dev/null || exit 0; groupdel "+group)); err != nil {
		return fmt.Errorf("remove group %s: %w", group, err)
	}
	return nil
}

// members are those of the group, none when it is not there.
func (m *machine) members(ctx context.Context) ([]string, error) {
	line, err := m.Text(ctx, command.Read("sh", "-c", "getent group "+group+" || test $? = 2")).String()
	if err != nil {
		return nil, fmt.Errorf("read group %s: %w", group, err)
	}
	_, list, _ := strings.Cut(strings.TrimSpace(line), ":")
	return strings.FieldsFunc(list[strings.LastIndex(list, ":")+1:], func(c rune) bool { return c == ',' }), nil
}

func (r *Room) left(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var note joined
	m, err := r.recalled(ctx, w, joinedKey, &note, &note.On)
	if err != nil {
		return "", err
	}
	if m == nil {
		return "nobody was put into the group", nil
	}
	in, err := m.members(ctx)
	if err != nil {
		return "", err
	}
	if slices.Contains(in, note.User) {
		return "", fmt.Errorf("%s is still in the group %s", note.User, group)
	}
	if note.Made && len(in) == 0 && m.Run(ctx, command.Read("getent", "group", group)) == nil {
		return "", fmt.Errorf("the group %s, which was made for %s, is still there", group, note.User)
	}
	return procedure.Evidence(note.User + " is not in the group " + group), nil
}

package command

import (
	"fmt"
	"os/user"
	"strconv"
	"strings"
)

// prefixed is the argument list and the added environment with which a process
// of user uid runs c.
//
// sudo resets the environment, so there the values travel through env(1), whose
// arguments every user can see: allowed refuses secrets on that way.
func (c Command) prefixed(uid int) (argv, env []string) {
	argv = append([]string{c.Program}, c.Args...)
	switch {
	case !c.elevates(uid):
		return argv, c.Env
	case uid == 0:
		group, home := groupAndHome(c.As)
		if home != "" {
			env = append(env, "HOME="+home)
		}
		// A change of user clears the parent-death signal: setpriv sets it again.
		prefix := []string{"setpriv", "--reuid=" + c.As, "--regid=" + group, "--init-groups", "--pdeathsig", "TERM", "--"}
		return append(prefix, argv...), append(env, c.Env...)
	default:
		prefix := []string{"sudo", "-n", "-u", c.As, "--"}
		if len(c.Env) > 0 {
			prefix = append(append(prefix, "env"), c.Env...)
		}
		return append(prefix, argv...), nil
	}
}

// elevates reports whether running c needs a change of user.
func (c Command) elevates(uid int) bool {
	if c.As == "" {
		return false
	}
	u, err := user.Lookup(c.As)
	return err != nil || u.Uid != strconv.Itoa(uid)
}

// allowed refuses a change of user that cannot work or would show a secret.
func (c Command) allowed(uid int) error {
	if !c.elevates(uid) {
		return nil
	}
	if _, err := user.Lookup(c.As); err != nil {
		return fmt.Errorf("run %s as %s: no such user", c.Program, c.As)
	}
	if uid == 0 {
		return nil
	}
	for _, line := range c.Env {
		if name, value, _ := strings.Cut(line, "="); holds(value, c.Secrets) {
			return fmt.Errorf("run %s as %s: sudo would show the secret in %s to every user: keep it in a file of %s with mode 0600", c.Program, c.As, name, c.As)
		}
	}
	return nil
}

// groupAndHome looks up what setpriv does not. A user that does not exist yet
// still gives a readable line for a plan.
func groupAndHome(name string) (group, home string) {
	u, err := user.Lookup(name)
	if err != nil {
		return name, ""
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		return u.Gid, u.HomeDir
	}
	return g.Name, u.HomeDir
}

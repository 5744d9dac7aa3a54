// Package packages keeps the packages of a Debian or Ubuntu host: it upgrades,
// installs and removes them, adds Docker's own repository, and takes all of that
// back from a record.
//
// Whatever it does follows five rules. Nothing asks: debconf, dpkg and
// needrestart are told so. A lock that somebody holds is waited for, with the
// holder's name, and never broken. What will change is simulated, compared with
// what was asked for, and noted as a Record before it is done, so that a run that
// is killed can be taken back as well as a finished one. Effects are read from
// dpkg's own list, not from exit codes. And no package is ever given a chance to
// delete /var/lib/docker.
//
// The host is what an Apt's Door leads to: files there are read and written by
// programs that run there.
package packages

import (
	"context"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// Apt changes the packages of one host. Its zero value but for Door is useful.
type Apt struct {
	Door *command.Door
	// LockWait is how long a lock of apt or dpkg is waited for; 0 is five minutes.
	LockWait time.Duration
	// Mend finishes what an interrupted dpkg left before anything else is done.
	// Without it a broken state is an error that names the commands.
	Mend bool
	// NoRecommends leaves out what packages only recommend.
	NoRecommends bool
	// Say tells a person what is waited for and what is about to happen.
	Say func(format string, args ...any)
	// Note keeps the record so far: before every change as the intent, and after
	// it with what really happened. An error from it stops the work.
	Note func(Record) error
}

func (a *Apt) say(format string, args ...any) {
	if a.Say != nil {
		a.Say(format, args...)
	}
}

func (a *Apt) lockWait() time.Duration {
	if a.LockWait > 0 {
		return a.LockWait
	}
	return 5 * time.Minute
}

// quiet is the environment in which nothing asks and nothing restarts unasked.
func quiet() []string {
	return []string{"DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true", "NEEDRESTART_MODE=l", "APT_LISTCHANGES_FRONTEND=none", "UCF_FORCE_CONFFOLD=1"}
}

// get is an apt-get that changes something. Old configuration files win: the
// new ones lie beside them as .dpkg-dist.
func (a *Apt) get(args ...string) command.Command {
	c := command.Change("apt-get", append([]string{
		"-q", "-y",
		"-o", fmt.Sprintf("DPkg::Lock::Timeout=%d", int(a.lockWait().Seconds())),
		"-o", "Dpkg::Use-Pty=0",
		"-o", "Dpkg::Options::=--force-confold",
		// An index that cannot be fetched is an error, not a warning.
		"-o", "APT::Update::Error-Mode=any",
	}, args...)...)
	c.Env, c.As = quiet(), "root"
	return c
}

// read is the output of a command that only looks.
func (a *Apt) read(ctx context.Context, program string, args ...string) (string, error) {
	return a.Door.Text(ctx, command.Read(program, args...)).String()
}

// script is the output of a few lines of shell that only look.
func (a *Apt) script(ctx context.Context, lines string, args ...string) (string, error) {
	return a.read(ctx, "sh", append([]string{"-c", lines, "sh"}, args...)...)
}

// checkNames refuses what apt would take for an option, a pattern or a release.
func checkNames(names []string) error {
	for _, name := range names {
		bare, _, _ := strings.Cut(name, ":")
		wrong := strings.ContainsFunc(name, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789+-.:", r)
		})
		if wrong || len(bare) < 2 || strings.HasPrefix(bare, "-") || strings.HasSuffix(bare, "-") && len(bare) > 1 {
			return fmt.Errorf("read name of a package %q: only lower-case letters, digits and the signs + - . make one", name)
		}
	}
	return nil
}

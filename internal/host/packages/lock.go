package packages

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Holder is a process that holds a lock of apt or dpkg.
type Holder struct {
	PID     int    // 0 when it lives where this host cannot see it
	Command string // its command line
	Lock    string // the file
}

func (h Holder) String() string {
	if h.PID <= 0 {
		return "a process outside of this host's sight (" + h.Lock + ")"
	}
	if h.Command == "" {
		return fmt.Sprintf("process %d (%s)", h.PID, h.Lock)
	}
	return fmt.Sprintf("process %d, %s (%s)", h.PID, h.Command, h.Lock)
}

// Holders are the processes that hold a lock of apt or dpkg now.
func (a *Apt) Holders(ctx context.Context) ([]Holder, error) {
	out, err := a.script(ctx, `stat -c '%d %i %n' "$@" 2>/dev/null; echo; cat /proc/locks 2>/dev/null; exit 0`,
		"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock")
	if err != nil {
		return nil, fmt.Errorf("look who holds apt's locks: %w", err)
	}
	files, locks, _ := strings.Cut(out, "\n\n")
	if strings.HasPrefix(out, "\n") {
		files, locks = "", out
	}
	held := parseLocks(files, locks)
	for i, h := range held {
		if h.PID <= 0 {
			continue
		}
		line, err := a.script(ctx, `tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | cut -c1-200; exit 0`, strconv.Itoa(h.PID))
		if err != nil {
			return nil, fmt.Errorf("look who holds apt's locks: %w", err)
		}
		held[i].Command = strings.TrimSpace(line)
	}
	return held, nil
}

// parseLocks finds files (device, inode, name) among the kernel's locks.
func parseLocks(files, locks string) []Holder {
	var held []Holder
	for line := range strings.Lines(files) {
		var device, inode uint64
		var name string
		if n, err := fmt.Sscan(line, &device, &inode, &name); n != 3 || err != nil {
			continue
		}
		major := device>>8&0xfff | device>>32&^0xfff
		minor := device&0xff | device>>12&0xffffff00
		for lock := range strings.Lines(locks) {
			// 2: POSIX  ADVISORY  WRITE 9549 fe:00:10659976 0 EOF
			f := strings.Fields(lock)
			if len(f) < 6 || f[1] == "->" || f[3] != "WRITE" {
				continue
			}
			id := strings.Split(f[5], ":")
			if len(id) != 3 || id[2] != strconv.FormatUint(inode, 10) {
				continue
			}
			// btrfs and overlayfs show files under a device of their own.
			if major != 0 && id[0]+":"+id[1] != fmt.Sprintf("%02x:%02x", major, minor) {
				continue
			}
			pid, err := strconv.Atoi(f[4])
			if err != nil {
				continue
			}
			held = append(held, Holder{PID: pid, Lock: name})
		}
	}
	return held
}

// run runs a changing command once nobody holds a lock. apt waits for dpkg's
// locks itself, but not for that of its index, and names nobody when it gives up.
func (a *Apt) run(ctx context.Context, c command.Command) error {
	if a.Door.Planning() {
		return a.Door.Run(ctx, c)
	}
	start, told := time.Now(), ""
	for {
		held, err := a.Holders(ctx)
		if err != nil {
			return err
		}
		if len(held) == 0 {
			err = a.Door.Run(ctx, c)
			if err == nil || !locked(err) {
				return a.explain(ctx, err)
			}
			// Somebody was quicker, and may have gone again.
			if held, _ = a.Holders(ctx); len(held) == 0 {
				held = []Holder{{Lock: "a lock of apt or dpkg"}}
			}
		}
		if waited := time.Since(start); waited >= a.lockWait() {
			return fault.New(fault.Locked, "wait for it, or see what it does: ps -fp "+strconv.Itoa(held[0].PID)+"; never delete the lock file",
				fmt.Errorf("run %s: %s still holds the lock after %s", c.Program, held[0], waited.Round(time.Second)))
		}
		if who := held[0].String(); who != told {
			told = who
			a.say("waiting up to %s for %s", a.lockWait(), who)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", held[0], command.Stopped(ctx))
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// locked reports whether apt or dpkg failed for a lock that somebody holds.
func locked(err error) bool {
	var failed *command.Error
	if !errors.As(err, &failed) {
		return false
	}
	for _, text := range []string{"Could not get lock", "Unable to acquire the dpkg frontend lock", "Unable to lock directory", "dpkg frontend lock was locked by another process", "dpkg database lock was locked by another process"} {
		if strings.Contains(failed.Stderr, text) {
			return true
		}
	}
	return false
}

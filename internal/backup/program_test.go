package backup_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/backup"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/engine"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/symptom"
)

// The variables by which a test steers the program that it starts.
const (
	playVariable  = "BACKUP_TEST_PLAY"
	nowVariable   = "BACKUP_TEST_NOW"   // what the clock says
	hookVariable  = "BACKUP_TEST_HOOK"  // kill:N, enospc:N or eio:N at the Nth write to the store, or wait:FILE, once, in the new set; hold:FILE, at the first part of a database or volume
	countVariable = "BACKUP_TEST_COUNT" // a file that gets the number of writes
)

// TestMain lets the test binary play the program, so that exit codes, signals,
// PATH and what is printed are those of a process.
func TestMain(m *testing.M) {
	if os.Getenv(playVariable) != "" {
		os.Exit(play(os.Args[1:]))
	}
	m.Run()
}

// program is the room under the engine, without mage.
type program struct {
	room    *backup.Room
	engine  *engine.Engine
	console *report.Console
	writes  atomic.Int64
}

// play runs targets one after the other, as mage's generated main does.
func play(args []string) int {
	p, err := newProgram(args)
	for i := 0; err == nil && i < len(args); i++ {
		if strings.HasPrefix(args[i], "-") {
			continue
		}
		flags := map[string]string{}
		for _, flag := range args[i+1:] {
			name, value, ok := strings.Cut(flag, "=")
			if !ok {
				break
			}
			flags[name] = value
		}
		err = p.target(args[i], flags)
	}
	if file := os.Getenv(countVariable); file != "" {
		_ = os.WriteFile(file, []byte(strconv.FormatInt(p.writes.Load(), 10)), 0o600)
	}
	if err == nil {
		return 0
	}
	err = engine.NewFailure("en", err)
	fmt.Fprintf(os.Stderr, "Error: %+v\n", err)
	if coded, ok := err.(interface{ ExitStatus() int }); ok {
		return coded.ExitStatus()
	}
	return 1
}

func newProgram(args []string) (*program, error) {
	p := &program{}
	options, err := report.FromEnv(os.Getenv, os.Stdout, os.Stderr)
	if err != nil {
		return p, err
	}
	p.console = report.New(options)
	root := os.Getenv("IACT_DIR")
	var targets []string
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") {
			targets = append(targets, strings.ToLower(arg))
		}
	}
	settings := sync.OnceValues(func() (*config.Config, error) {
		return config.Load(config.Options{Root: root, Getenv: os.Getenv})
	})
	hook := p.hook()
	p.room = backup.New(backup.Options{
		Config: settings,
		Places: sync.OnceValues(func() (*command.Places, error) {
			c, err := settings()
			if err != nil {
				return nil, err
			}
			return &command.Places{SSHConfig: c.SSH.Config, VagrantDir: c.VM.Dir, Cache: filepath.Join(root, ".iact", "cache")}, nil
		}),
		Getenv: os.Getenv, Now: clock(), Random: rand.Reader, Host: "testhost", Version: "v0-test", Targets: targets, Hook: hook, Answers: answers(),
		Machines: fakeMachines(hook),
	})
	registry, err := procedure.NewRegistry(p.room.Procedure())
	if err != nil {
		return p, err
	}
	p.engine = engine.New(engine.Options{
		Registry: registry, Console: p.console,
		Door:       deadlyDoor(),
		JournalDir: filepath.Join(root, ".iact", "journal"), Header: journal.Header{Host: "testhost", PID: os.Getpid(), Args: args},
		Continues: continues(args, filepath.Join(root, ".iact", "journal")), Keep: os.Getenv("IACT_KEEP") == "1",
		Lang: "en", Planning: os.Getenv("IACT_PLAN") == "1", Targets: targets, Catalogue: symptom.Load,
		Now: time.Now, Random: rand.Reader, Signals: true,
	})
	return p, nil
}

// target is what a magefile's one-liner does.
func (p *program) target(name string, flags map[string]string) error {
	ctx := context.Background()
	var value any
	var text func(io.Writer)
	var err error
	switch strings.ToLower(name) {
	case "backup:list":
		value, text, err = p.room.List(ctx)
	case "backup:show":
		value, text, err = p.room.Show(ctx, flags["-set"])
	case "backup:restore":
		pick := backup.Selection{Set: flags["-set"], Source: flags["-source"], To: flags["-to"]}
		var done *backup.Restored
		if done, err = p.room.Restore(ctx, pick, nil, nil); err == nil {
			value, text = done, done.Write
		}
	case "backup:restoredb":
		p.room.Select(backup.Selection{
			Set: flags["-set"], Source: flags["-source"], To: flags["-to"], Yes: flags["-yes"] == "true", Globals: flags["-globals"],
		})
		return p.engine.Target(ctx, name)
	case "backup:restorevolume":
		p.room.Select(backup.Selection{Set: flags["-set"], Source: flags["-source"], To: flags["-to"], Yes: flags["-yes"] == "true"})
		return p.engine.Target(ctx, name)
	case "backup:restorevm":
		p.room.Select(backup.Selection{
			Set: flags["-set"], Source: flags["-source"], To: flags["-to"], Dir: flags["-dir"], Yes: flags["-yes"] == "true", Drill: flags["-drill"] == "true",
		})
		return p.engine.Target(ctx, name)
	case "volumes:save", "volumes:back": // what the house hands on to another procedure
		return p.volumes(ctx, name, flags)
	case "procedure:rollback":
		return p.engine.Rollback(ctx, flags["-run"], false)
	case "procedure:resume":
		return p.engine.Resume(ctx, false)
	case "backup:verify":
		p.room.Select(backup.Selection{Set: flags["-set"]})
		return p.engine.Target(ctx, name)
	default:
		return p.engine.Target(ctx, name)
	}
	if err != nil {
		return err
	}
	return p.console.Result(value, text)
}

// clock stands at a given moment when the test names one, else it goes.
func clock() func() time.Time {
	if at, err := time.Parse(time.RFC3339, os.Getenv(nowVariable)); err == nil {
		return func() time.Time { return at }
	}
	return time.Now
}

// hook counts the writes and lets the one that the test names fail.
func (p *program) hook() disk.Hook {
	kind, arg, _ := strings.Cut(os.Getenv(hookVariable), ":")
	nth, err := strconv.ParseInt(cmp.Or(arg, "0"), 10, 64)
	if err != nil && kind != "wait" && kind != "hold" {
		panic(err)
	}
	var waited atomic.Bool
	return func(op disk.Op) error {
		n := p.writes.Add(1)
		switch {
		case kind == "kill" && n == nth:
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // no other write while the signal is on its way
		case kind == "kill" && n > nth:
			select {}
		case kind == "enospc" && n >= nth && op.Name != "remove": // a disk that is full stays full
			return syscall.ENOSPC
		case kind == "eio" && n == nth:
			return syscall.EIO
		case (kind == "wait" && strings.Contains(op.Path, ".incomplete-") || kind == "hold" && (strings.Contains(op.Path, "/postgres-") || strings.Contains(op.Path, "/volume-")) && strings.Contains(op.Path, ".zst")) && !waited.Swap(true):
			_ = os.WriteFile(arg+".there", nil, 0o600)
			for _, err := os.Stat(arg); err != nil; _, err = os.Stat(arg) {
				time.Sleep(5 * time.Millisecond)
			}
		}
		return nil
	}
}

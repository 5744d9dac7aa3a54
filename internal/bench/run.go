package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// figures are what one run of ours tells about itself.
type figures struct {
	kib    int64 // peak memory
	stored int64
	fresh  int64
}

// run backs one source up and returns the seconds without those for syncing.
func (b *bench) run(ctx context.Context, target, store, source string) (float64, error) {
	if err := b.configure(store, source); err != nil {
		return 0, err
	}
	memory := filepath.Join(b.dir, "memory")
	c := b.program(target)
	c.Args = append([]string{"-f", "%M", "-o", memory, c.Program}, c.Args...)
	c.Program = "/usr/bin/time"
	began := time.Now()
	out, err := b.door.Text(ctx, c).String()
	took := time.Since(began).Seconds()
	if err != nil {
		return 0, err
	}
	var set struct {
		Phases struct {
			Sync float64 `json:"sync_seconds"`
		} `json:"phases"`
		Sources []struct {
			Stored int64 `json:"stored_bytes"`
			New    int64 `json:"new_bytes"`
		} `json:"sources"`
	}
	if err := json.Unmarshal([]byte(out), &set); err != nil {
		return 0, fmt.Errorf("read result of %s: %w", target, err)
	}
	b.last = figures{}
	for _, s := range set.Sources {
		b.last.stored += s.Stored
		b.last.fresh += s.New
	}
	peak, err := os.ReadFile(memory)
	if err != nil {
		return 0, err
	}
	if b.last.kib, err = strconv.ParseInt(strings.TrimSpace(string(peak)), 10, 64); err != nil {
		return 0, fmt.Errorf("read peak memory: %w", err)
	}
	return took - set.Phases.Sync, nil
}

// program is the compiled binary with the configuration of the benchmark and the
// very client programs that the peers run.
func (b *bench) program(args ...string) command.Command {
	c := command.Change(b.iact, args...)
	c.Env = []string{"IACT_DIR=" + b.root, "IACT_CONFIG=" + b.config(), "IACT_FORMAT=json", "PATH=" + b.pg.Bin + ":" + os.Getenv("PATH")}
	c.Env = append(c.Env, b.env...)
	return c
}

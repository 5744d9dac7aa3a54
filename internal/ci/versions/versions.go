// Package versions asks programs for their versions. Starting one takes long
// beside all else that a run without changes does, so an answer is remembered with
// the file that gave it. What may hand on to another program is asked each time: a
// script that stands in PATH under its own name (pyenv, asdf), a link to a program
// of another name (Volta, mise), and what Corepack has put there.
package versions

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
	"iact-infra/internal/whole"
)

// File is where a checkout remembers the answers, below its state.
const File = "tools.json"

// Tools are the programs of a pipeline. They may be asked by several jobs at once.
type Tools struct {
	door *command.Door
	file string

	mu    sync.Mutex
	known map[string]answer
	asked map[string]*asking
	fresh bool
}

// answer is what a program said, and the file that it was.
type answer struct {
	File string `json:"file"`
	Said string `json:"said"`
}

// asking is a question that others may wait for.
type asking struct {
	once sync.Once
	said string
	err  error
}

// Open reads the answers that are remembered in a file.
func Open(door *command.Door, file string) *Tools {
	t := &Tools{door: door, file: file, known: map[string]answer{}, asked: map[string]*asking{}}
	if text, err := os.ReadFile(file); err == nil {
		_ = json.Unmarshal(text, &t.known) // what can't be read is asked for again
	}
	return t
}

// Ask is what a command line prints, asked in a directory.
func (t *Tools) Ask(ctx context.Context, line, dir string) (string, error) {
	id := dir + "\x00" + line
	t.mu.Lock()
	one := t.asked[id]
	if one == nil {
		one = &asking{}
		t.asked[id] = one
	}
	was := t.known[id]
	t.mu.Unlock()
	one.once.Do(func() {
		file := t.identity(ctx, line, dir)
		if file != "" && file == was.File {
			one.said = was.Said
			return
		}
		c := command.Read("sh", "-ec", line+" 2>&1")
		c.Dir = dir
		var said string
		if said, one.err = t.door.Text(ctx, c).String(); one.err != nil {
			one.err = fmt.Errorf("%s: %w", line, one.err)
			return
		}
		one.said = strings.TrimSpace(said)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.known[id], t.fresh = answer{File: file, Said: one.said}, true
	})
	return one.said, one.err
}

// Recall is the answer that is remembered, if the same file would give it.
func (t *Tools) Recall(ctx context.Context, line, dir string) (said string, known bool) {
	t.mu.Lock()
	was, known := t.known[dir+"\x00"+line]
	t.mu.Unlock()
	return was.Said, known && was.File != "" && was.File == t.identity(ctx, line, dir)
}

// identity tells one program file from another; "" where it cannot.
func (t *Tools) identity(ctx context.Context, line, dir string) string {
	words := strings.Fields(line)
	if len(words) == 0 || strings.ContainsAny(line, "|;&$`<>()") {
		return ""
	}
	program := words[0]
	if strings.Contains(program, "/") && !filepath.IsAbs(program) {
		program = filepath.Join(dir, program)
	}
	found, err := t.door.Look(ctx, program)
	if err != nil {
		return ""
	}
	file, err := filepath.EvalSymlinks(found)
	if err != nil || file == found && isScript(found) || handsOn(file, filepath.Base(found)) {
		return ""
	}
	var st unix.Stat_t
	if unix.Stat(file, &st) != nil {
		return ""
	}
	return fmt.Sprintf("%s %s %d %d %d %d", found, file, st.Size, st.Mtim.Nano(), st.Ctim.Nano(), st.Ino)
}

// handsOn tells a link to a program that chooses by the name it was called with:
// python3 is python3.11, and npm is npm-cli.js, but node is not volta-shim.
func handsOn(file, name string) bool {
	return !strings.HasPrefix(filepath.Base(file), name) || strings.Contains(file, "/corepack/")
}

func isScript(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return true
	}
	defer f.Close()
	begin := make([]byte, 2)
	n, _ := f.Read(begin)
	return string(begin[:n]) == "#!"
}

// Save remembers the answers.
func (t *Tools) Save() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.fresh {
		return nil
	}
	text, err := json.Marshal(t.known)
	if err != nil {
		return err
	}
	if err := whole.Text(t.file, text); err != nil {
		return fmt.Errorf("remember versions: %w", err)
	}
	return nil
}

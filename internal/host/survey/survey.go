// Package survey finds out whether a Linux machine can become a Docker host, or
// already is one.
//
// The machine may be another one, behind ssh: one shell script runs there, prints
// labelled raw sections and changes nothing (survey.sh). Everything else happens
// here: Parse makes Facts of the sections, Judge makes findings of the facts by a
// table of rules. What could not be read becomes a warning that says why; nothing
// is guessed.
package survey

import (
	"context"
	_ "embed" // survey.sh
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// script looks at a machine, for any shell. Its one argument is the data root,
// empty for what daemon.json says, else Docker's default.
//
//go:embed survey.sh
var script string

// deadline is for the whole script; what may hang has 3 s of its own in there.
const deadline = 30 * time.Second

// Wants is what the machine must have. The zero value of a field asks for
// nothing.
type Wants struct {
	Memory   uint64   // bytes
	Disk     uint64   // bytes free for Docker's data
	Inodes   uint64   // free ones
	DataRoot string   // of the daemon; empty for its own setting
	Ports    []int    // that containers will publish
	Subnets  []string // that the project's networks use: 172.20.0.0/16
}

// Survey looks at the machine behind the door, in one round trip. It only reads.
func Survey(ctx context.Context, door *command.Door, w Wants) (*Facts, error) {
	if w.DataRoot != "" && !strings.HasPrefix(w.DataRoot, "/") {
		return nil, fmt.Errorf("survey %s: data root %q is not an absolute path", door.Name(), w.DataRoot)
	}
	began := time.Now()
	look := command.Read("sh", "-c", script, "survey", w.DataRoot)
	look.Timeout = deadline
	out, err := door.Text(ctx, look).String()
	if err != nil {
		return nil, fmt.Errorf("survey %s: %w", door.Name(), err)
	}
	f, err := Parse(out)
	if err != nil {
		return nil, fmt.Errorf("survey %s: %w", door.Name(), err)
	}
	f.Place, f.Took = door.Name(), time.Since(began)
	f.Asked = began
	return f, nil
}

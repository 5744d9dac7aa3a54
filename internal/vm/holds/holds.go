// Package holds asks a machine what its databases hold.
//
// It is asked twice: before a machine is backed up, for what is there, and after
// it was made anew from a set, where every row is read as well. What was there
// has to be there again, and to be readable; rows come and go between the two,
// so their number is told and not compared.
package holds

import (
	"context"
	_ "embed" // holds.sh
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
)

//go:embed holds.sh
var script string

// Fact is one thing that a machine told about its databases.
type Fact struct{ Name, Value string }

// Check is whether one of them still holds.
type Check struct {
	Name  string
	OK    bool
	Found string
}

// readPrefix begins the names of what only reading all rows tells.
const readPrefix = "read "

// Ask gathers the facts. door leads into the machine. With read the machine may
// have been started just now, and all rows are read.
func Ask(ctx context.Context, door *command.Door, read bool) ([]Fact, error) {
	flag := "0"
	if read {
		flag = "1"
	}
	c := command.Read("bash", "-c", "READ=${1#0}\n"+script, "bash", flag)
	c.As, c.Timeout = "root", time.Minute
	if read {
		c.Timeout = 0 // its size is not known
	}
	out, err := door.Text(ctx, c).String()
	if err != nil {
		return nil, fmt.Errorf("ask what the databases hold: %w", err)
	}
	var all []Fact
	for line := range strings.Lines(out) {
		if name, value, found := strings.Cut(strings.TrimRight(line, "\n"), "\t"); found {
			all = append(all, Fact{name, value})
		}
	}
	return all, nil
}

// Compare holds what a machine tells now against what it told before. Without
// anything from before, what answers now is good.
func Compare(before, now []Fact) []Check {
	var all []Check
	find := func(name string) (string, bool) {
		i := slices.IndexFunc(now, func(f Fact) bool { return f.Name == name })
		if i < 0 {
			return "", false
		}
		return now[i].Value, true
	}
	if len(before) == 0 {
		for _, f := range now {
			if !strings.HasPrefix(f.Name, readPrefix) {
				before = append(before, f)
			}
		}
	}
	for _, was := range before {
		c := Check{Name: was.Name}
		is, there := find(was.Name)
		rows, asked := find(readPrefix + was.Name)
		switch {
		case !there:
			c.Found = "it is not there, or does not answer"
		case is != was.Value:
			c.Found = is + ", there were " + was.Value
		case asked && strings.HasPrefix(rows, "not all"):
			c.Found = is + ", and not all of them can be read"
		default:
			c.OK, c.Found = true, is
			if asked {
				c.Found += ", " + rows
			}
		}
		all = append(all, c)
	}
	return all
}

// Package debug looks closer at a devcontainer than a check does: a shell in it,
// also when it does not start; its logs and those around it as one line of time;
// what its processes ask of the kernel, and what goes over its network.
//
// The container itself is left as it is. What has to be made for a look is
// labelled, is removed at its end however it ends, and after a kill by whoever
// comes next.
package debug

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/report"
)

// Labels of what a look makes: the run, and the process by which it is known
// whether that is still at work.
const (
	LabelRun = "iact.debug"
	labelBy  = "iact.debug.by"
)

// Desk is where a look is taken from.
type Desk struct {
	client.Docker
	Say   *report.Line
	Run   string
	Host  string // name of this machine
	Image string // with strace and tcpdump, where this machine has none
	// Note is called once before the first object is made; what it keeps is enough
	// for Remove.
	Note func() error

	noted bool
}

// note keeps the intent to make something.
func (d *Desk) note() error {
	if d.noted {
		return nil
	}
	d.noted = true
	return d.Note()
}

// name is that of an object of this run.
func (d *Desk) name() string { return "iact-debug-" + strings.ToLower(d.Run) }

// labels are the options that mark an object.
func (d *Desk) labels() []string {
	return []string{"--label", LabelRun + "=" + d.Run, "--label", labelBy + "=" + by(d.Host, os.Getpid())}
}

// by is a process of a machine. A number alone comes again.
func by(host string, pid int) string { return fmt.Sprintf("%s/%d/%s", host, pid, began(pid)) }

// began is when a process began, as the kernel counts; "" when there is none.
func began(pid int) string {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	const start = 19 // of the fields after the name
	fields := strings.Fields(string(stat)[strings.LastIndexByte(string(stat), ')')+1:])
	if len(fields) <= start {
		return ""
	}
	return fields[start]
}

// Left are the runs that have left something here, and whose process has gone.
// What was made from another machine is that machine's.
func Left(ctx context.Context, docker client.Docker, host string) ([]string, error) {
	found := map[string]bool{}
	ids, err := docker.Ask(ctx, "ps", "--all", "--quiet", "--filter", "label="+LabelRun)
	if err != nil {
		return nil, err
	}
	images, err := docker.Ask(ctx, "image", "ls", "--quiet", "--no-trunc", "--filter", "label="+LabelRun)
	if err != nil {
		return nil, err
	}
	format := fmt.Sprintf(`{{index .Config.Labels %q}} {{index .Config.Labels %q}}`, LabelRun, labelBy)
	var said []string
	for kind, list := range map[string]string{"container": ids, "image": images} {
		if list == "" {
			continue
		}
		out, err := docker.Ask(ctx, append([]string{kind, "inspect", "--format", format}, strings.Fields(list)...)...)
		if err != nil && !client.Gone(err) {
			return nil, err
		}
		said = append(said, strings.Split(out, "\n")...)
	}
	var runs []string
	for _, line := range said {
		run, process, _ := strings.Cut(line, " ")
		if run != "" && !found[run] && over(process, host) {
			found[run] = true
			runs = append(runs, run)
		}
	}
	return runs, nil
}

// over says whether a process of this machine has gone.
func over(process, host string) bool {
	at := strings.SplitN(process, "/", 3)
	if len(at) != 3 || at[0] != host {
		return false
	}
	pid, err := strconv.Atoi(at[1])
	return err == nil && began(pid) != at[2]
}

// Remove removes all that a run has made, and nothing else. Twice is the same as
// once.
func Remove(ctx context.Context, docker client.Docker, run string) (removed int, err error) {
	filter := "label=" + LabelRun + "=" + run
	ids, err := docker.Ask(ctx, "ps", "--all", "--quiet", "--no-trunc", "--filter", filter)
	if err != nil {
		return 0, err
	}
	var all []error
	for _, id := range strings.Fields(ids) {
		_, err := docker.Do(ctx, "rm", "--force", "--volumes", id)
		if err == nil {
			removed++
		} else if !client.Gone(err) {
			all = append(all, err)
		}
	}
	images, err := docker.Ask(ctx, "image", "ls", "--quiet", "--no-trunc", "--filter", filter)
	if err != nil {
		return removed, errors.Join(append(all, err)...)
	}
	for _, id := range strings.Fields(images) {
		_, err := docker.Do(ctx, "image", "rm", "--force", id)
		if err == nil {
			removed++
		} else if !client.Gone(err) {
			all = append(all, err)
		}
	}
	return removed, errors.Join(all...)
}

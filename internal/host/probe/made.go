package probe

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// label is what all has that is made here; its value is the token of the run.
const label = "iact-infra.probe"

// prefix begins the names of containers, networks and volumes; the token of the
// run follows. An image has the token as its tag.
const (
	prefix     = "iact-probe-"
	repository = "iact-infra/probe"
)

// newToken names a run, and who does it: machine, process, when that began, and
// now. So the next run can tell whether that is gone.
func newToken(now time.Time) string {
	pid := os.Getpid()
	return fmt.Sprintf("%08x-%d-%s-%x", here(), pid, born(pid), now.UnixNano())
}

// here is this machine, in which process ids have a meaning.
func here() uint32 {
	name, _ := os.Hostname() // without one, what follows still tells most machines apart
	space, _ := os.Readlink("/proc/self/ns/pid")
	h := fnv.New32a()
	_, _ = h.Write([]byte(name + space))
	return h.Sum32()
}

// born is when a process began, by the kernel's clock; 0 when there is none.
func born(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "0"
	}
	// The name of the program may hold blanks; the 20th field after it is it.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" {
		return "0"
	}
	return fields[19]
}

// gone says whether nobody works under a token any more. What is another
// machine's, is gone after an hour: no run takes so long.
func gone(token string, now time.Time) bool {
	parts := strings.Split(token, "-")
	if len(parts) != 4 {
		return false // not ours to judge
	}
	began, err := strconv.ParseInt(parts[3], 16, 64)
	if err != nil {
		return false
	}
	if pid, err := strconv.Atoi(parts[1]); err == nil && parts[0] == fmt.Sprintf("%08x", here()) && parts[2] != "0" {
		return born(pid) != parts[2]
	}
	return now.Sub(time.Unix(0, began)) > time.Hour
}

// name is that of something of this run.
func (p *Probe) name(role string) string {
	if role == "" {
		return prefix + p.token
	}
	return prefix + p.token + "." + role
}

func (p *Probe) image() string { return repository + ":" + p.token }

func (p *Probe) labelled() []string { return []string{"--label", label + "=" + p.token} }

// kinds are the things that are made, in the order in which they can be removed.
func kinds() []kind {
	return []kind{
		{[]string{"ps", "--all", "--format", "{{.Names}}"}, []string{"rm", "--force", "--volumes"}},
		{[]string{"network", "ls", "--format", "{{.Name}}"}, []string{"network", "rm"}},
		{[]string{"volume", "ls", "--format", "{{.Name}}"}, []string{"volume", "rm", "--force"}},
		{[]string{"image", "ls", "--format", "{{.Repository}}:{{.Tag}}"}, []string{"image", "rm", "--force"}},
	}
}

type kind struct{ list, remove []string }

// sweep removes what has our label and a token which of is true. It ends when
// a look finds nothing of it any more, and fails when something stays.
func (p *Probe) sweep(ctx context.Context, of func(token string) bool) error {
	var failed error
	for range 3 {
		found, err := p.labelledAs(ctx, of)
		if err != nil {
			return fmt.Errorf("look for what probes have left: %w", err)
		}
		failed = nil
		for i, k := range kinds() {
			if len(found[i]) == 0 {
				continue
			}
			if _, err := p.docker(ctx, p.limit(), append(k.remove, found[i]...)...); err != nil {
				failed = errors.Join(failed, fmt.Errorf("remove what probes have left: %w", err))
			}
		}
		if len(slices.Concat(found...)) == 0 {
			return nil
		}
	}
	return failed
}

// labelledAs are the names of each kind.
func (p *Probe) labelledAs(ctx context.Context, of func(token string) bool) ([][]string, error) {
	all := kinds()
	found := make([][]string, len(all))
	looks, ctx := errgroup.WithContext(ctx)
	for i, k := range all {
		looks.Go(func() error {
			listed, err := p.docker(ctx, p.limit(), append(k.list, "--filter", "label="+label)...)
			found[i] = slices.DeleteFunc(strings.Fields(listed), func(name string) bool { return !of(tokenOf(name)) })
			return err
		})
	}
	return found, looks.Wait()
}

// tokenOf is the token in a name, "" in a name of somebody else.
func tokenOf(name string) string {
	token, is := strings.CutPrefix(name, repository+":")
	if !is {
		token, is = strings.CutPrefix(name, prefix)
	}
	if !is {
		return ""
	}
	token, _, _ = strings.Cut(token, ".")
	return token
}

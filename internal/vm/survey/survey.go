// Package survey finds out whether this host can run the machines.
//
// A shell script prints labelled raw sections and changes nothing (survey.sh); it
// runs once for each of host, Vagrant, VirtualBox and libvirt, all at the same
// time, and none of them starts Ruby for more than Vagrant's version. What a
// shell cannot ask (does KVM answer, how much is free where the machines are) is
// asked here. Judge then makes findings of the facts by a table of rules. What
// could not be read becomes a warning that says why; nothing is guessed.
package survey

import (
	"context"
	_ "embed" // survey.sh
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/command"
	"iact-infra/internal/vm/provider"
)

//go:embed survey.sh
var script string

// deadline is for each run of the script; what may hang has 10 s of its own in there.
const deadline = 30 * time.Second

// Survey looks at this host. It only reads.
func Survey(ctx context.Context, door *command.Door, w Wants) (*Facts, error) {
	began := time.Now()
	groups := []string{"host", "vagrant", "virtualbox", "libvirt"}
	said := make([]string, len(groups))
	var all errgroup.Group
	for i, group := range groups {
		all.Go(func() error {
			look := command.Read("sh", "-c", script, "survey", group, w.Home, w.Dir, w.URI)
			look.Timeout = deadline
			out, err := door.Text(ctx, look).String()
			if err != nil { // the others may still tell what they know
				out = "@@ failed " + strings.ReplaceAll(err.Error(), "\n", " ") + "\n"
			}
			said[i] = out
			return ctx.Err()
		})
	}
	if err := all.Wait(); err != nil {
		return nil, fmt.Errorf("survey this host: %w", err)
	}
	f := Parse(strings.Join(said, ""))
	f.Asked = began
	if f.System == linux && w.Provider == provider.Libvirt {
		// Making a virtual machine takes the processor's extension for a moment, which VirtualBox may be using.
		f.KVM = askKVM("/dev/kvm")
	}
	f.Places = places(f, w)
	f.Took = time.Since(began)
	return f, nil
}

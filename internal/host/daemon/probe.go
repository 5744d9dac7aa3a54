package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/command"
)

// probe shows what only a container shows: its log options and its resolvers. It
// is made of an image without a single file, so nothing can run in it, and no
// registry is asked. To start it fails, but not before its resolv.conf is made.
func (d *Daemon) probe(ctx context.Context, want Settings) []Proof {
	name := "iact-probe-" + strconv.FormatInt(d.now().UnixNano(), 36)
	image := name + ":empty"
	defer func() {
		d.clear(ctx, "rm", "--force", name)
		d.clear(ctx, "rmi", image)
	}()
	got, err := d.probed(ctx, name, image, len(want.DNS) > 0)
	var all []Proof
	add := func(key, want, got string) {
		proof := proofOf(key, want, got, "an empty container")
		if err != nil {
			proof.State, proof.By = Unproven, err.Error()
		}
		all = append(all, proof)
	}
	if want.LogSize != "" {
		add("log-opts.max-size", want.LogSize, got.options["max-size"])
	}
	if want.LogFiles > 0 {
		add("log-opts.max-file", strconv.Itoa(want.LogFiles), got.options["max-file"])
	}
	if len(want.DNS) > 0 {
		add("dns", strings.Join(want.DNS, ", "), strings.Join(got.dns, ", "))
	}
	return all
}

type probed struct {
	options map[string]string
	dns     []string
}

func (d *Daemon) probed(ctx context.Context, name, image string, start bool) (got probed, err error) {
	load := d.client(true, "import", "-", image)
	// Two blocks of zeros are an archive of nothing.
	if err := d.Door.Feed(ctx, load, bytes.NewReader(make([]byte, 10240))); err != nil {
		return got, fmt.Errorf("make a probe: %w", err)
	}
	if err := d.Door.Run(ctx, d.client(true, "create", "--network", "none", "--restart", "no", "--name", name, image, "/nothing")); err != nil {
		return got, fmt.Errorf("make a probe: %w", err)
	}
	if start {
		// It has no program to start.
		var failed *command.Error
		if err := d.Door.Run(ctx, d.client(true, "start", name)); err != nil && (!errors.As(err, &failed) || failed.Exit < 0) {
			return got, fmt.Errorf("make a probe: %w", err)
		}
	}
	text, err := d.ask(ctx, "inspect", "--type", "container", "--format", "{{json .HostConfig.LogConfig.Config}}\n{{.ResolvConfPath}}", name)
	if err != nil {
		return got, fmt.Errorf("look at a probe: %w", err)
	}
	options, file, _ := strings.Cut(text, "\n")
	if err := json.Unmarshal([]byte(options), &got.options); err != nil {
		return got, fmt.Errorf("look at a probe: %w", err)
	}
	if !start {
		return got, nil
	}
	resolvers, err := d.text(ctx, command.Read("cat", strings.TrimSpace(file)))
	if err != nil {
		return got, fmt.Errorf("look at a probe: %w", err)
	}
	for line := range strings.Lines(resolvers) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "nameserver" && !slices.Contains(got.dns, fields[1]) {
			got.dns = append(got.dns, fields[1])
		}
	}
	return got, nil
}

// clear takes a probe away, also when there is no time left for it.
func (d *Daemon) clear(ctx context.Context, args ...string) {
	err := d.Door.Run(context.WithoutCancel(ctx), d.client(true, args...))
	if err != nil && !strings.Contains(err.Error(), "No such") && !strings.Contains(err.Error(), "not found") {
		d.say("a probe stays behind: %v", err)
	}
}

package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

// Plan is what Apply would do.
type Plan struct {
	Changes    []Change
	Needs      Need
	Text       []byte      // of the file, merged
	Containers []Container // that run
	Proofs     []Proof     // of what the daemon has already
	Notes      []string    // for people

	before  content  // the file to come back to
	now     content  // the file that is there
	adopted *Applied // what a killed run was at
	alive   bool
	info    Info
	flags   map[string]string
}

// Done says that there is nothing to do.
func (p Plan) Done() bool { return p.Needs == Nothing && p.adopted == nil }

// Plan looks, changes nothing, and refuses what could not end well.
func (d *Daemon) Plan(ctx context.Context, want Settings) (Plan, error) {
	if err := want.check(); err != nil {
		return Plan{}, err
	}
	p, err := d.look(ctx)
	if err != nil {
		return Plan{}, err
	}
	if p.Text, p.Changes, err = Merge(p.before.text, want); err != nil {
		return Plan{}, fmt.Errorf("%s: %w", d.File, err)
	}
	p.Needs = most(p.Changes)
	if p.adopted != nil {
		// How far the killed run has come is not known.
		p.Needs = most(slices.Concat(p.Changes, p.adopted.Changes))
	}
	if p.alive {
		if p.Proofs, err = d.judge(ctx, p.info, want); err != nil {
			return Plan{}, err
		}
		// What the file says and the daemon does not have waits for it to read the file.
		for _, proof := range p.Proofs {
			if need := NeedOf(proof.Key); proof.State == Wrong && (p.Needs == Nothing || need == Restart) {
				p.Needs = need
			}
		}
	} else {
		p.Needs = Restart
	}
	if err := d.refuse(ctx, want, &p); err != nil {
		return Plan{}, err
	}
	p.Notes = append(p.Notes, remarks(p.Changes)...)
	return p, nil
}

// remarks are what people expect of a change and do not get.
func remarks(changes []Change) []string {
	var notes []string
	has := func(key string) bool {
		return slices.ContainsFunc(changes, func(c Change) bool { return strings.HasPrefix(c.Key, key) })
	}
	if has("log-") {
		notes = append(notes, "containers that are there keep the log settings that they were made with")
	}
	if has("default-address-pools") {
		notes = append(notes, "networks that are there keep their addresses")
	}
	return notes
}

// look reads the file, what a killed run has left, and the daemon.
func (d *Daemon) look(ctx context.Context) (p Plan, err error) {
	if p.now, err = d.read(ctx, d.File); err != nil {
		return p, err
	}
	p.before = p.now
	open, found, err := d.Unfinished(ctx)
	if err != nil {
		return p, err
	}
	switch {
	case found && (p.now.sum() == open.Before || slices.Contains(open.Ours, p.now.sum())):
		if p.before, err = d.origin(ctx, open); err != nil {
			return p, err
		}
		p.adopted = &open
		p.Notes = append(p.Notes, "an earlier run was killed: this one goes on from the file of before it")
	case found:
		p.Notes = append(p.Notes, "an earlier run was killed, and somebody has changed the file since: it counts as it is; the file of before that run is "+open.Backup)
	}
	argv, err := d.Control.CommandLine(ctx)
	if err != nil {
		return p, err
	}
	p.flags = Flags(argv)
	if p.alive, err = d.Control.Running(ctx); err != nil {
		return p, err
	}
	if !p.alive {
		p.Notes = append(p.Notes, "the daemon does not run: it is started")
		return p, nil
	}
	if p.info, err = d.Info(ctx); err != nil {
		if p.adopted == nil {
			return p, fault.New(fault.Failed, "look at why it does not answer before its settings change", err)
		}
		// The killed run may have left it like that.
		p.Notes = append(p.Notes, "the daemon does not answer: it is restarted")
		p.alive = false
		return p, nil
	}
	p.Containers, err = d.running(ctx)
	return p, err
}

// origin is the file that a run has kept.
func (d *Daemon) origin(ctx context.Context, a Applied) (content, error) {
	kept, err := d.read(ctx, a.Backup)
	if err != nil {
		return content{}, err
	}
	if kept.absent {
		return content{}, fmt.Errorf("read the file of before: %s is gone", a.Backup)
	}
	kept.target, kept.absent = a.Target, a.Absent
	return kept, nil
}

// refuse names everything that stands against a plan.
func (d *Daemon) refuse(ctx context.Context, want Settings, p *Plan) error {
	if file, ok := p.flags["config-file"]; ok && file != d.File {
		return fault.New(fault.Usage, "name that file under host.daemon", fmt.Errorf("configure the Docker daemon: it reads %s, not %s", file, d.File))
	}
	if err := conflicts(d.File, p.Text, p.flags); err != nil {
		return err
	}
	for _, check := range []func(context.Context, Settings, *Plan) error{d.refuseLog, d.refusePools, d.refuseMove, d.refuseStop} {
		if err := check(ctx, want, p); err != nil {
			return err
		}
	}
	return nil
}

// refuseLog: the options of one log driver stop the daemon with another one.
func (d *Daemon) refuseLog(_ context.Context, want Settings, p *Plan) error {
	// The daemon would take any name, and then make no container.
	if has := p.info.Plugins.Log; want.LogDriver != "" && want.LogDriver != "none" && len(has) > 0 && !slices.Contains(has, want.LogDriver) {
		return fault.New(fault.Usage, "it has "+strings.Join(has, ", "), fmt.Errorf("configure the Docker daemon: it has no log driver %s", want.LogDriver))
	}
	if want.LogSize == "" && want.LogFiles == 0 {
		return nil
	}
	driver := p.flags["log-driver"]
	if value, ok := valueIn(p.Text, "log-driver"); ok {
		driver = strings.Trim(value, `"`)
	}
	if driver == "" || driver == "json-file" || driver == "local" {
		return nil
	}
	return fault.New(fault.Usage, "leave the size of logs to that driver, or ask for the driver json-file, too",
		fmt.Errorf("configure the Docker daemon: the log driver %s knows no max-size and no max-file, and dockerd would not start", driver))
}

// refusePools keeps off the routes. A pool that the daemon has already stays: a
// VPN that came later is no reason to take it away, only to say so.
func (d *Daemon) refusePools(ctx context.Context, want Settings, p *Plan) error {
	if len(want.Pools) == 0 {
		return nil
	}
	routes, err := d.Routes(ctx)
	if err != nil {
		return err
	}
	_, err = Pools(want.Pools, routes)
	if err == nil || slices.ContainsFunc(p.Changes, func(c Change) bool { return c.Key == "default-address-pools" }) {
		return err
	}
	p.Notes = append(p.Notes, err.Error())
	return nil
}

// refuseMove: with another data root or storage driver everything seems gone.
// What counts is the file: a key that somebody has put there without a restart
// would strike at ours, and the old file would not help.
func (d *Daemon) refuseMove(ctx context.Context, want Settings, p *Plan) error {
	if !p.alive {
		return nil
	}
	for key, field := range map[string]*string{"storage-driver": &want.Storage, "data-root": &want.DataRoot} {
		if value, ok := valueIn(p.Text, key); ok {
			*field = strings.Trim(value, `"`)
		}
	}
	proofs, err := d.judge(ctx, p.info, Settings{Storage: want.Storage, DataRoot: want.DataRoot})
	if err != nil || p.Needs != Restart {
		return err
	}
	for _, proof := range proofs {
		if proof.State != Wrong {
			continue
		}
		move := fmt.Errorf("configure the Docker daemon: %s is %s, and %s would hide what is in it", proof.Key, proof.Got, proof.Want)
		if len(p.Containers) > 0 {
			return fault.New(fault.Usage, "stop them first: the daemon would know nothing of them any more", fmt.Errorf("%w; running: %s", move, namesOf(p.Containers)))
		}
		volumes, err := d.ask(ctx, "volume", "ls", "--quiet")
		if err != nil {
			return err
		}
		if has := p.info.Images + p.info.Containers + len(strings.Fields(volumes)); has > 0 && !d.AllowMove {
			return fault.New(fault.Usage, "leave the key out, or allow the move and bring what is needed over by hand",
				fmt.Errorf("%w: %d images, %d containers, %d volumes", move, p.info.Images, p.info.Containers, len(strings.Fields(volumes))))
		}
	}
	return nil
}

// refuseStop: containers that cannot be spared are named.
func (d *Daemon) refuseStop(_ context.Context, want Settings, p *Plan) error {
	if p.info.swarm() && want.LiveRestore != nil && *want.LiveRestore {
		return fault.New(fault.Usage, "leave live-restore out, or leave the swarm",
			fmt.Errorf("configure the Docker daemon: it is part of a swarm, and live-restore does not go with one"))
	}
	if p.Needs != Restart || len(p.Containers) == 0 || d.AllowStop {
		return nil
	}
	if can, why := p.spares(); !can {
		return fault.New(fault.Usage, "stop them, or allow it",
			fmt.Errorf("configure the Docker daemon: the restart would stop %s: %s", namesOf(p.Containers), why))
	}
	return nil
}

// spares says whether containers can outlive a restart.
func (p Plan) spares() (can bool, why string) {
	switch flag, given := p.flags["live-restore"]; {
	case p.info.swarm():
		return false, "in a swarm there is no live-restore"
	case given && flag == "false":
		return false, "live-restore is turned off on the command line"
	default:
		return true, ""
	}
}

// valueIn is the JSON of a key of a file that was parsed before.
func valueIn(text []byte, key string) (string, bool) {
	if len(strings.TrimSpace(string(text))) == 0 {
		return "", false
	}
	root, err := parse(text)
	if err != nil {
		return "", false
	}
	m, ok := root.find(key)
	if !ok {
		return "", false
	}
	return oneLine(text[m.value.start:m.value.end]), true
}

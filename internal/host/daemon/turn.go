package daemon

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// turn brings a file into its place and the daemon to what it says: forward for
// Apply, back for Back and for an Apply that failed.
type turn struct {
	daemon *Daemon
	there  string // the sum of what is in the place now
	final  content
	drop   []wish // reloaded keys that the final file does not name
	need   Need

	alive   bool // the daemon answers
	checked bool // the file was validated
	hold    bool // containers have to outlive a restart
	live    bool // live-restore is on by now
	insist  bool // the final file has to be there, even if the daemon does not take it
	flagged bool // by the command line, so the file must not name it

	moved     bool              // the file is no longer that of before
	restarted bool              // it was tried
	log       string            // the end of the daemon's log before
	reloaded  map[string]string // what the daemon said after its last reload
}

// texts are the contents that the file has on the way: before a restart, at the
// last reload, and in the end.
func (t *turn) texts() (first, last content, err error) {
	first, last = t.final, t.final
	drop := t.drop
	if t.need == Restart {
		// A fresh start forgets what the file does not name.
		drop = nil
		if value, _ := valueIn(t.final.text, "live-restore"); t.hold && !t.flagged && value != "true" {
			if first, err = t.final.with(wish{key: "live-restore", value: "true"}); err != nil {
				return first, last, err
			}
			drop = []wish{{key: "live-restore", value: "false"}}
		}
	}
	if len(drop) > 0 && t.need != Nothing {
		last, err = t.final.with(drop...)
	}
	return first, last, err
}

func (c content) with(wishes ...wish) (content, error) {
	text, _, err := merge(c.text, wishes)
	return content{target: c.target, text: text}, err
}

// sums are those of all texts, by which a later run knows the file as ours.
func (t *turn) sums() ([]string, error) {
	first, last, err := t.texts()
	return slices.Compact([]string{first.sum(), last.sum(), t.final.sum()}), err
}

// wayBack are the sums of what the file may hold while the old one comes back:
// the turns that texts can take from a file with those changes.
func wayBack(before content, changes []Change) ([]string, error) {
	on, off := wish{key: "live-restore", value: "true"}, wish{key: "live-restore", value: "false"}
	drop := dropped(changes)
	var sums []string
	for _, wishes := range [][]wish{{on}, {off}, drop, append(slices.Clone(drop), off)} {
		c, err := before.with(wishes...)
		if err != nil {
			return nil, err
		}
		sums = append(sums, c.sum())
	}
	return sums, nil
}

func (t *turn) run(ctx context.Context) error {
	first, last, err := t.texts()
	if err != nil {
		return err
	}
	if t.need == Restart {
		if err := t.put(ctx, first); err != nil {
			return err
		}
		if err := t.restart(ctx); err != nil {
			return err
		}
	}
	if t.need == Reload || t.need == Restart && first.sum() != t.final.sum() {
		if err := t.put(ctx, last); err != nil {
			return err
		}
		if err := t.reload(ctx); err != nil {
			if t.insist {
				err = errors.Join(err, t.put(ctx, t.final))
			}
			return err
		}
	}
	return t.put(ctx, t.final)
}

// put replaces the file unless it is that already.
func (t *turn) put(ctx context.Context, c content) error {
	if c.sum() == t.there {
		return nil
	}
	t.moved = true
	var err error
	if c.absent {
		err = t.daemon.remove(ctx, c.target, t.there)
	} else if err = t.daemon.write(ctx, c.target, c.text); err == nil {
		err = t.daemon.install(ctx, c.target, t.there)
	}
	if err == nil {
		t.there = c.sum()
	}
	return err
}

// restart has a running daemon read the file first. That turns live-restore on,
// and a file that the daemon refuses is found while it still runs.
func (t *turn) restart(ctx context.Context) error {
	d := t.daemon
	if t.alive && (t.hold && !t.live || !t.checked) {
		if err := t.reload(ctx); err != nil {
			return err
		}
	}
	if t.alive && t.hold && !d.Door.Planning() {
		info, err := d.Info(ctx)
		if err == nil && !info.LiveRestoreEnabled {
			err = errors.New("spare the containers: live-restore is not on after the reload")
		}
		if err != nil {
			return err
		}
		t.live = true
	}
	d.say("restart the Docker daemon")
	t.restarted = true
	if err := d.Control.Restart(ctx); err != nil {
		return err
	}
	if d.Door.Planning() {
		return nil
	}
	_, err := d.await(ctx)
	return err
}

// reload sends the signal and waits for the event by which the daemon says that
// it took the file. Of a file that it refuses it says so in its log only.
func (t *turn) reload(ctx context.Context) error {
	d := t.daemon
	if d.Door.Planning() {
		return d.Control.Reload(ctx)
	}
	info, err := d.Info(ctx)
	if err != nil {
		return err
	}
	d.say("reload the Docker daemon")
	if err := d.Control.Reload(ctx); err != nil {
		return err
	}
	watch := d.client(false, "events", "--since", info.SystemTime, "--filter", "type=daemon", "--filter", "event=reload", "--format", "{{json .Actor.Attributes}}")
	watch.Live = true
	events, err := d.Door.Stream(ctx, watch)
	if err != nil {
		return err
	}
	defer events.Abort()
	line, err := bufio.NewReader(events).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reload the Docker daemon: it did not take the file: %w", err)
	}
	t.reloaded = map[string]string{}
	if err := json.Unmarshal(line, &t.reloaded); err != nil {
		return fmt.Errorf("reload the Docker daemon: %w", err)
	}
	return nil
}

package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/volumelive"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// volumeRestoration is one run of backup:restoreVolume.
type volumeRestoration struct {
	livening
	live  *volumelive.Server
	facts *volumelive.Facts
	place *volumelive.Place
	want  *volumelive.Contents
	made  bool // something may be there that abandon has to remove
	over  bool // a killed run had come to the swap: only its end is left
	seen  *RestoredVolume
}

func (r *Room) newVolumeRestoration(w *procedure.Work) *volumeRestoration {
	return &volumeRestoration{
		livening: livening{room: r, w: w, kind: "volume"},
		seen:     &RestoredVolume{Run: w.Run, Warnings: []string{}, Stopped: []string{}, Phases: map[string]float64{}},
	}
}

// restoreVolume brings a Docker volume back: into a new one, compared, and only
// then under its name.
func (r *Room) restoreVolume(ctx context.Context, w *procedure.Work) error {
	r.TryBringBack(ctx, w.Door, w.Say)
	t := r.newVolumeRestoration(w)
	if err := t.run(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	r.restoredVolume = t
	r.mu.Unlock()
	w.Publish(t.seen, t.seen.Write)
	return nil
}

func (t *volumeRestoration) run(ctx context.Context) error {
	phases := []phase{
		{"choose", t.choose},
		{"look", t.look},
		{"verify", t.verify},
		{"ask", t.ask},
		{"create", t.create},
		{"load", t.load},
		{"compare", t.compare},
		{"swap", t.swap},
	}
	done := func(name string) bool { return t.over && name != "swap" }
	return t.through(ctx, phases, t.seen.Phases, done, t.cleanUp)
}

// target is the name that the restored volume gets.
func (t *volumeRestoration) target() string {
	if t.pick.To != "" {
		return t.pick.To
	}
	return t.held.Detail["volume"]
}

// look finds the daemon and everything that can be refused at once.
func (t *volumeRestoration) look(ctx context.Context) (err error) {
	if t.live, err = t.room.liveVolumes(t.w, t.dockerOf(), t.storeName()); err != nil {
		return err
	}
	t.live.Still, t.live.Warn = t.still, t.warn
	over, err := t.recalled(ctx)
	if err != nil || over {
		return err
	}
	if err := t.inspect(ctx); err != nil {
		return err
	}
	t.seen.Volume, t.seen.Docker, t.seen.Way = t.target(), t.live.Docker.String(), t.facts.Way
	if free, err := t.live.Room(t.held.Size); errors.Is(err, volumelive.ErrNoSpace) {
		return fault.New(fault.Missing, "free some, docker system df shows what takes it; or restore into another daemon",
			fmt.Errorf("%s are free where %s has its volumes, %s are needed", report.Bytes(free), t.live.Docker, report.Bytes(t.held.Size)))
	} else if err != nil {
		return err
	}
	t.place, err = t.live.Unused(ctx, t.room.o.Now(), func(at time.Time) *volumelive.Place {
		return t.live.NewPlace(t.target(), t.set.Manifest.ID, t.facts, at)
	})
	return err
}

// inspect looks at the daemon and at what has the name.
func (t *volumeRestoration) inspect(ctx context.Context) (err error) {
	target := t.target()
	if t.facts, err = t.live.Look(ctx, target); err != nil {
		return err
	}
	switch {
	case t.facts.Exists && t.pick.To != "":
		return fault.New(fault.Usage, "let -to name a new volume, or leave it out to take the place of the live one",
			fmt.Errorf("there is a volume %s already, and a restore never overwrites", target))
	case t.pick.To != "":
		return nil
	case t.held.Detail["driver"] != "local":
		return fault.New(fault.Missing, "-to=NAME restores into a plain volume", fmt.Errorf("the set holds a volume of driver %s: only those of driver local can be restored under their names", t.held.Detail["driver"]))
	case t.facts.Exists:
		if err := t.live.Refuse(ctx, t.facts, target); err != nil {
			return err
		}
		if err := stoppable(t.live.Docker, target, t.facts.Users); err != nil {
			return err
		}
	case strings.Contains(t.held.Detail["options"], `"device"`) || strings.Contains(t.held.Detail["options"], `"type"`):
		return fault.New(fault.Missing, "-to=NAME restores into a plain volume", fmt.Errorf("the set holds a volume with options %s: where they lead is not known here", t.held.Detail["options"]))
	}
	return t.nobodyToAsk("volume " + target)
}

// dockerOf is the docker client that the volume was backed up through.
func (t *volumeRestoration) dockerOf() volumeClient {
	for _, one := range t.config.Backup.Sources {
		if one.Name == t.held.Name && one.Kind == source.KindVolume {
			return volumeClient{Via: one.Via, As: one.As, Image: one.Image}
		}
	}
	place, _, far := strings.Cut(t.held.Origin, " docker volume ")
	if !far {
		place = ""
	}
	return volumeClient{Via: place}
}

// volumeClient is how the journal remembers a docker client.
type volumeClient struct {
	Via   string `json:"via,omitempty"`
	As    string `json:"as,omitempty"`
	Image string `json:"image,omitempty"`
	Store string `json:"store"`
}

// liveVolumes is the daemon behind a client.
func (r *Room) liveVolumes(w *procedure.Work, c volumeClient, storeName string) (*volumelive.Server, error) {
	door := w.Door
	var err error
	if c.Via != "" {
		if door, err = r.doorTo(w.Door, c.Via); err != nil {
			return nil, err
		}
	}
	return &volumelive.Server{Docker: &source.Docker{Place: far(c.Via), As: c.As}, Door: door, Image: c.Image, Store: storeName}, nil
}

// storeName tells this store from others that are restored from.
func (t *volumeRestoration) storeName() string { return t.room.o.Host + ":" + t.store.Dir() }

const notATar = "not a whole tar"

// verify reads what the set holds to its end before anything changes.
func (t *volumeRestoration) verify(ctx context.Context) (err error) {
	if t.parts, err = t.set.Parts(t.held); err != nil {
		return t.damaged(err, notATar)
	}
	err = t.fed(ctx, "reading "+t.held.Name, func(stream io.Reader) (err error) {
		t.want, err = volumelive.Read(ctx, stream, t.facts.Comparable())
		return err
	})
	if err != nil && ctx.Err() == nil {
		return t.damaged(err, notATar)
	}
	return err
}

// create makes the new volume. What killed runs have left goes first.
func (t *volumeRestoration) create(ctx context.Context) error {
	said, err := t.live.Sweep(ctx, t.place.Volume)
	t.say(said)
	if err != nil {
		return err
	}
	t.made = true
	if err := t.note(); err != nil {
		return err
	}
	return t.live.Create(ctx, t.place, t.held.Detail, t.note)
}

func (t *volumeRestoration) say(lines []string) {
	for _, line := range lines {
		t.w.Say.Info("%s", line)
	}
}

func (t *volumeRestoration) warn(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	t.w.Say.Warn("%s", line)
	t.seen.Warnings = append(t.seen.Warnings, line)
}

// The keys under which the step writes down what it did.
const (
	volumePlaceKey  = "volume_place"
	volumeClientKey = "volume_client"
)

// note writes down where everything is, before it changes and after.
func (t *volumeRestoration) note() error {
	c := t.dockerOf()
	c.Store = t.storeName()
	return errors.Join(t.w.Record(volumeClientKey, c), t.w.Record(volumePlaceKey, t.place))
}

func (t *volumeRestoration) load(ctx context.Context) error {
	err := t.fed(ctx, "restoring "+t.held.Name, func(stream io.Reader) error {
		warnings, err := t.live.Fill(ctx, t.place.New, stream)
		for _, warning := range warnings {
			t.warn("%s", warning)
		}
		return err
	})
	var bad *archive.PartError
	if errors.As(err, &bad) { // since it was read
		return t.damaged(err, notATar)
	}
	return err
}

// compare reads the new volume back and holds it against the set.
func (t *volumeRestoration) compare(ctx context.Context) error {
	t.w.Say.Info("comparing volume %s with the set", t.place.New)
	special, hidden := t.want.Special, t.want.Hidden()
	found, err := t.live.Compare(ctx, t.place.New, t.want, func(use func(io.Reader) error) error { return t.fed(ctx, "reading "+t.held.Name, use) })
	if err != nil {
		return fmt.Errorf("read the restored volume back: %w", err)
	}
	if !found.Same() {
		first := found.Found
		if found.More > 0 {
			first = append(first, fmt.Sprintf("and %d more", found.More))
		}
		return fault.New(fault.Invalid, "nothing live was changed and the new volume is removed; take another set, or look at the files: backup:restore -source="+t.held.Name+" -to=DIRECTORY",
			fmt.Errorf("what was restored is not what the set holds: %s", strings.Join(first, "; ")))
	}
	if special > 0 && t.facts.Way == volumelive.WayMount {
		t.warn("%s, which the program that needs them makes anew, not restored", are(int(special), "device, pipe or socket"))
	}
	if hidden > 0 {
		t.warn("extended attributes of %s could not be compared: docker cp does not show them", counted(int(hidden), "file"))
	}
	c := &t.seen.Compared
	c.Entries, c.Files, c.Bytes = found.Entries, found.Files, found.Bytes
	return nil
}

// still stops containers around a change, and notes what became of them.
func (t *volumeRestoration) still(ctx context.Context, volume string, do func(context.Context) error) error {
	still, err := t.room.still(ctx, t.w, t.live, t.set.Manifest.ID, volume, do)
	t.seen.Stopped = append(t.seen.Stopped, still.names...)
	t.seen.Downtime += still.took.Seconds()
	for _, line := range still.warnings {
		t.warn("%s", line)
	}
	return err
}

// swap lets the restored volume have the name.
func (t *volumeRestoration) swap(ctx context.Context) error {
	var err error
	if t.over {
		err = t.live.TakeOver(ctx, t.place)
	} else {
		err = t.live.Take(ctx, t.place, t.held.Detail, t.note)
	}
	if err != nil {
		return err
	}
	t.seen.tell(t)
	return nil
}

func (t *volumeRestoration) cleanUp(ctx context.Context, why error) error {
	if !t.made {
		return why
	}
	return t.abandoned(ctx, why, func(late context.Context) error {
		said, err := t.live.Back(late, t.place)
		t.say(said)
		return err
	})
}

// planRestoreVolume chooses and looks, which only reads.
func (r *Room) planRestoreVolume(ctx context.Context, w *procedure.Work) ([]string, error) {
	t := r.newVolumeRestoration(w)
	var err error
	if t.config, t.store, err = r.opened(); err != nil {
		return nil, err
	}
	if err := t.pickVolume(r.selection()); err != nil {
		return nil, restoring(t.name(), err)
	}
	if err := t.look(ctx); err != nil {
		return nil, err
	}
	return t.planned(), nil
}

// planned is what all this amounts to, as shell lines.
func (t *volumeRestoration) planned() []string {
	p, docker := t.place, func(args ...string) string { return t.live.Door.Show(command.Change("docker", args...)) }
	lines := []string{"set -euo pipefail", "cd " + word(t.set.Dir), docker("volume", "create", p.New)}
	from := decoded(t.held.Dir)
	if at := t.live.Mountpoint(p.New); at != "" {
		lines = append(lines, from+" | tar -x -p --xattrs --xattrs-include='*' -C "+word(at), "# the restored files are read back and compared with the set")
	} else {
		lines = append(lines, docker("create", "--name", "iact-"+p.New, "--mount", "type=volume,source="+p.New+",target=/volume", "iact-scratch", "none"),
			from+" | "+docker("cp", "-", "iact-"+p.New+":/volume"), "# the restored files are read back and compared with the set", docker("rm", "iact-"+p.New))
	}
	if p.Direct() {
		return lines
	}
	if p.Made {
		lines = append(lines, docker("volume", "create", p.Volume))
	}
	var stop, start []string
	for _, c := range running(t.facts.Users) {
		stop, start = append(stop, docker("stop", c.Name)), append([]string{docker("start", c.Name)}, start...)
	}
	lines = append(lines, stop...)
	lines = append(lines, t.live.Plan(p)...)
	return append(lines, start...)
}

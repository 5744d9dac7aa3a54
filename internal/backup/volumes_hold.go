package backup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// Volumes that are read while their containers stand still are held in groups:
// a container that has two of them is stopped once, and what lies in both is of
// one moment. A group comes back as soon as its last volume was read.

// stillness is what one run holds.
type stillness struct {
	room   *Room
	s      *session
	w      *procedure.Work
	groups []*holding
}

// holding are volumes that share containers.
type holding struct {
	of      *stillness
	client  *source.Docker
	door    *command.Door
	volumes []*source.Volume
	waiting map[*source.Volume]bool // not read yet

	held []heldContainer // in the order in which they were stopped
	made promise         // to bring them back
	kept func()          // strikes the promise out
	cut  bool            // a stop did not end: docker may go on with it
	said []string        // what there is to note of how they stopped
}

type heldContainer struct {
	source.Container
	action string // that brings it back
}

// consistent prepares the volumes of this run whose containers are to stand
// still, and puts those of a group one after the other.
func (r *Room) consistent(s *session, w *procedure.Work) *stillness {
	all := &stillness{room: r, s: s, w: w}
	place := map[*planned]int{}
	for _, p := range s.sources {
		v, is := p.Source.(*source.Volume)
		if !is {
			continue
		}
		door := p.door(w.Door)
		v.Promise = func(container string) (func(), error) {
			_, kept, err := all.promise(v.Docker, []promiseItem{{ID: container, Name: container, Action: actRemove}})
			return kept, err
		}
		if p.err != nil || v.Mode == "live" {
			continue
		}
		all.join(v, door)
	}
	for i, g := range all.groups {
		for _, p := range s.sources {
			if v, is := p.Source.(*source.Volume); is && slices.Contains(g.volumes, v) {
				place[p] = i + 1
			}
		}
	}
	slices.SortStableFunc(s.sources, func(a, b *planned) int { return cmp.Compare(place[a], place[b]) })
	return all
}

// join puts a volume into the group with which it shares a container.
func (a *stillness) join(v *source.Volume, door *command.Door) {
	mine := &holding{of: a, client: v.Docker, door: door, volumes: []*source.Volume{v}, waiting: map[*source.Volume]bool{v: true}}
	var others []*holding
	for _, g := range a.groups {
		if g.client != v.Docker || !slices.ContainsFunc(g.volumes, func(other *source.Volume) bool { return share(v, other) }) {
			others = append(others, g)
			continue
		}
		mine.volumes = append(g.volumes, mine.volumes...)
		for one := range g.waiting {
			mine.waiting[one] = true
		}
	}
	for _, one := range mine.volumes {
		one.Hold = func(ctx context.Context, _ *command.Door) (source.Held, error) { return mine.hold(ctx, one) }
	}
	others = append(others, mine)
	a.groups = others
}

// share says whether a container has both volumes.
func share(a, b *source.Volume) bool {
	return slices.ContainsFunc(a.Users(), func(one source.Container) bool {
		return slices.ContainsFunc(b.Users(), func(other source.Container) bool { return one.ID == other.ID })
	})
}

// promise notes what has to be brought back, in the journal and in a file.
func (a *stillness) promise(client *source.Docker, items []promiseItem) (promise, func(), error) {
	a.s.mu.Lock()
	run := a.s.draft.ID
	a.s.mu.Unlock()
	p := promise{Run: run, Written: time.Now().UTC(), Via: cmp.Or(client.Place, "local"), As: client.As, Items: items}
	if client.Place == "" {
		p.Env = dockerEnv(a.room.o.Getenv)
	}
	if err := a.w.Record("held", p); err != nil {
		return p, nil, err
	}
	kept, err := p.make(promises(a.s.config))
	return p, kept, err
}

// hold stops or pauses what writes to the volumes of the group, unless that was
// done for another one of them.
func (g *holding) hold(ctx context.Context, v *source.Volume) (source.Held, error) {
	g.waiting[v] = true
	if g.kept == nil {
		if err := g.down(ctx); err != nil {
			g.up(ctx)
			return source.Held{}, err
		}
	}
	held := source.Held{Notes: slices.Clone(g.said)}
	for _, c := range g.held {
		if c.Writes(v.Volume) {
			held.Names = append(held.Names, c.Name)
		}
	}
	held.Back = func() []string {
		notes := g.disturbed(ctx)
		if delete(g.waiting, v); len(g.waiting) == 0 {
			g.up(ctx)
		}
		return notes
	}
	return held, nil
}

// look finds what has to stand still now.
func (g *holding) look(ctx context.Context) ([]heldContainer, error) {
	var all []source.Container
	action := map[string]string{}
	for _, v := range g.volumes {
		users, err := g.client.Users(ctx, g.door, v.Volume)
		if err != nil {
			return nil, err
		}
		if err := v.Holdable(users); err != nil {
			return nil, err
		}
		for _, c := range source.ToHold(users, v.Volume) {
			if action[c.ID] == "" {
				all = append(all, c)
				action[c.ID] = actUnpause
			}
			if v.Mode == "stop" {
				action[c.ID] = actStart
			}
		}
	}
	source.SortToHold(all)
	var held []heldContainer
	for _, c := range all {
		held = append(held, heldContainer{c, action[c.ID]})
	}
	return held, nil
}

func (g *holding) down(ctx context.Context) error {
	held, err := g.look(ctx)
	if err != nil || len(held) == 0 {
		return err
	}
	var items []promiseItem
	for _, c := range held {
		item := promiseItem{ID: c.ID, Name: c.Name, Action: c.action}
		if c.action == actStart {
			item.Grace = c.Grace.Seconds()
		}
		items = append(items, item)
	}
	if g.made, g.kept, err = g.of.promise(g.client, items); err != nil {
		return err
	}
	g.said, g.cut = nil, false
	for _, c := range held {
		g.held = append(g.held, c) // before it is touched: a failure may come too late
		if err := g.stop(ctx, c); err != nil {
			g.cut = true
			return fmt.Errorf("%s container %s: %w", map[string]string{actStart: "stop", actUnpause: "pause"}[c.action], c.Name, err)
		}
	}
	return nil
}

// stop stops or pauses a container.
func (g *holding) stop(ctx context.Context, c heldContainer) error {
	if c.action == actUnpause {
		return g.client.Run(ctx, g.door, "pause", c.ID)
	}
	stop := g.client.Change("stop", c.ID)
	stop.Timeout += c.Grace
	if err := g.door.Run(ctx, stop); err != nil {
		return err
	}
	now, err := g.client.Containers(ctx, g.door, c.ID)
	if err != nil {
		return err
	}
	const killed = 137
	if len(now) == 1 && now[0].Exit == killed {
		g.said = append(g.said, fmt.Sprintf("container %s did not end within its %s and was killed: its files are as after a crash (stop_grace_period gives it longer)", c.Name, c.Grace))
	}
	return nil
}

// late is a context for bringing things back: a cancelled run does it, too.
func late(ctx context.Context) (context.Context, context.CancelFunc) {
	const atMost = 2 * time.Minute
	return context.WithTimeout(context.WithoutCancel(ctx), atMost)
}

// disturbed tells which containers did not stand still.
func (g *holding) disturbed(ctx context.Context) []string {
	ctx, cancel := late(ctx)
	defer cancel()
	var notes []string
	for _, c := range g.held {
		now, err := g.client.Containers(ctx, g.door, c.ID)
		if err == nil && len(now) == 1 && now[0].Running && !now[0].Paused {
			notes = append(notes, fmt.Sprintf("somebody has started container %s again while the volume was read: its files may not be of one moment", c.Name))
		}
	}
	return notes
}

// up brings the containers back, the last one first. What does not come back
// stays promised: the next command tries again.
func (g *holding) up(ctx context.Context) {
	if g.kept == nil {
		return
	}
	ctx, cancel := late(ctx)
	defer cancel()
	var failed []error
	if g.cut {
		failed = append(failed, g.made.stopping(ctx, g.client, g.door, g.of.w.Say))
	}
	for _, c := range slices.Backward(g.held) {
		if _, err := bringBack(ctx, g.client, g.door, promiseItem{ID: c.ID, Name: c.Name, Action: c.action}); err != nil {
			failed = append(failed, err)
		}
	}
	if err := errors.Join(failed...); err == nil {
		g.kept()
	} else {
		g.of.w.Defer(stillDown(err, g.client, g.names(actStart), g.names(actUnpause)))
	}
	g.held, g.kept = nil, nil
}

func (g *holding) names(action string) []string {
	var all []string
	for _, c := range g.held {
		if c.action == action {
			all = append(all, c.Name)
		}
	}
	return all
}

// stillDown is the failure to bring containers back, with what to type.
func stillDown(err error, client *source.Docker, stopped, paused []string) error {
	var lines []string
	if len(stopped) > 0 {
		lines = append(lines, "docker start "+strings.Join(stopped, " "))
	}
	if len(paused) > 0 {
		lines = append(lines, "docker unpause "+strings.Join(paused, " "))
	}
	where := ""
	if client.Place != "" {
		where = " at " + client.Place
	}
	return fault.New(fault.Failed, "the next command of this toolkit tries again; by hand"+where+": "+strings.Join(lines, "; "),
		fmt.Errorf("bring back containers %s: %w", strings.Join(slices.Concat(stopped, paused), ", "), err))
}

// end brings back what a failure has left held.
func (a *stillness) end(ctx context.Context) {
	for _, g := range a.groups {
		g.up(ctx)
	}
}

// bringBack starts or unpauses a container that does not run, or removes one of
// ours. It looks first: nothing is done twice, and what is gone is no failure.
func bringBack(ctx context.Context, client *source.Docker, door *command.Door, item promiseItem) (done bool, err error) {
	found, err := client.Containers(ctx, door, item.ID)
	if err != nil || len(found) == 0 {
		return false, err
	}
	switch c := found[0]; {
	case item.Action == actRemove:
		return true, client.Run(ctx, door, "rm", "--force", "--volumes", item.ID)
	case item.Action == actUnpause && c.Paused:
		return true, client.Run(ctx, door, "unpause", item.ID)
	case item.Action == actStart && !c.Running:
		return true, client.Run(ctx, door, "start", item.ID)
	}
	return false, nil
}

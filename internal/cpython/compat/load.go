package compat

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

// How an import, or a command, went.
const (
	good     = "ok"
	failed   = "failed"
	crashed  = "crashed"
	hung     = "hung"
	quit     = "quit"
	settings = "settings" // it wants the project's settings
	absent   = "absent"
)

// loaded is how one module, or one extension, went.
type loaded struct {
	Name    string `json:"name"`
	Kind    string `json:"kind"`
	Text    string `json:"text"`
	Where   string `json:"where"`
	Missing string `json:"missing"`

	state string
}

type loadQuestion struct {
	Modules    []string `json:"modules"`
	Extensions []string `json:"extensions"`
}

// load is what one distribution is to load on one side.
type load struct {
	side       *side
	name       string
	modules    []string
	extensions []string
	went       []loaded // in the order of the question; after what ended the process there is no more
}

// loads runs them, two at a time, the large ones first.
func (r *run) loads(ctx context.Context, all []*load) error {
	slices.SortStableFunc(all, func(a, b *load) int { return cmp.Compare(len(b.extensions), len(a.extensions)) })
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, one := range all {
		group.Go(func() error { return r.load(inner, one) })
	}
	return group.Wait()
}

// load goes on behind what took the process down, as long as there is hope.
func (r *run) load(ctx context.Context, l *load) error {
	q := loadQuestion{l.modules, l.extensions}
	for range 5 {
		went, begun, err := ask[loaded](ctx, r, l.side, loadProbe, q, r.limit())
		for i := range went {
			went[i].state = good
			switch {
			case went[i].Kind == "ImproperlyConfigured":
				went[i].state = settings
			case went[i].Kind == "SystemExit":
				went[i].state = quit
				went[i].Text = "it calls sys.exit on import: " + went[i].Text
			case went[i].Kind != "":
				went[i].state = failed
			}
		}
		l.went = append(l.went, went...)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			return nil
		}
		state, text := ending(err)
		l.went = append(l.went, loaded{Name: begun, Text: text, state: state})
		if i := slices.Index(q.Modules, begun); i >= 0 {
			q.Modules = q.Modules[i+1:]
		} else if i := slices.Index(q.Extensions, begun); i >= 0 {
			// Their packages have been imported, and may be needed again.
			q.Modules, q.Extensions = nil, q.Extensions[i+1:]
		} else {
			return nil
		}
		if len(q.Modules)+len(q.Extensions) == 0 || state == hung {
			return nil
		}
	}
	return nil
}

// worst sums up modules: the state that says most, and all that did not import.
func worst(went []loaded, names []string) (state string, bad []loaded) {
	state = good
	order := []string{good, settings, failed, quit, hung, crashed}
	for _, one := range went {
		if one.state == good || !slices.Contains(names, one.Name) {
			continue
		}
		bad = append(bad, one)
		if slices.Index(order, one.state) > slices.Index(order, state) {
			state = one.state
		}
	}
	slices.SortStableFunc(bad, func(a, b loaded) int {
		return cmp.Compare(slices.Index(order, b.state), slices.Index(order, a.state))
	})
	return state, bad
}

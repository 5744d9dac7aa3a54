package backup

import (
	"context"
	"io"
)

// List is backup:list: all sets, the newest first.
func (r *Room) List(_ context.Context) (value any, text func(io.Writer), err error) {
	_, s, err := r.opened()
	if err != nil {
		return nil, nil, err
	}
	all, err := s.List()
	if err != nil {
		return nil, nil, err
	}
	views := []View{}
	for _, l := range all {
		if l.Set == nil {
			views = append(views, damagedView(l))
			continue
		}
		views = append(views, viewOf(l.Set).short())
	}
	now := r.o.Now().UTC()
	return views, func(w io.Writer) { writeList(w, views, now) }, nil
}

// Show is backup:show: everything about one set.
func (r *Room) Show(_ context.Context, id string) (value any, text func(io.Writer), err error) {
	_, s, err := r.opened()
	if err != nil {
		return nil, nil, err
	}
	set, err := s.Open(id)
	if err != nil {
		return nil, nil, err
	}
	view := viewOf(set)
	return view, view.writeSet, nil
}

package packages

import (
	"context"
	"fmt"
	"slices"
)

// Record is what one piece of work changes, in the form that a journal keeps and
// that Back works from.
type Record struct {
	// Finished says that Packages is what happened. Before that it is what was
	// going to happen, and Back looks how far it came.
	Finished bool     `json:"finished"`
	Packages []Change `json:"packages,omitempty"`
	Files    []File   `json:"files,omitempty"`
	// Groups and Users are those that were not there before the packages made them.
	Groups []string `json:"groups,omitempty"`
	Users  []string `json:"users,omitempty"`
	// Made is what their scripts have left in /etc.
	Made []Trace `json:"made,omitempty"`
	// Strays are the files beside configuration files (.dpkg-dist …) that were
	// there before.
	Strays []string `json:"strays,omitempty"`
}

// File is a file or a directory before and after.
type File struct {
	Path string `json:"path"`
	// Before is nil when it was not there.
	Before *Content `json:"before,omitempty"`
	// After is the SHA-256 of what was written, "" when the file was removed.
	After string `json:"after,omitempty"`
	// Dir says that a directory was made.
	Dir bool `json:"dir,omitempty"`
}

// Content is a file's bytes with its mode and its owner.
type Content struct {
	Data  []byte `json:"data"`
	Mode  string `json:"mode"`
	Owner string `json:"owner"`
}

// Empty reports whether there is nothing to take back.
func (r Record) Empty() bool { return len(r.Packages) == 0 && len(r.Files) == 0 && len(r.Groups) == 0 }

// Then is the record of both: what was before the first, what is after the second.
func (r Record) Then(next Record) Record {
	both := Record{Finished: r.Finished && next.Finished, Packages: slices.Clone(r.Packages), Files: slices.Clone(r.Files), Groups: union(r.Groups, next.Groups), Users: union(r.Users, next.Users), Made: union(r.Made, next.Made), Strays: r.Strays}
	if r.Empty() {
		both.Finished, both.Strays = next.Finished, next.Strays
	}
	for _, c := range next.Packages {
		at := slices.IndexFunc(both.Packages, func(old Change) bool { return old.Name == c.Name })
		if at < 0 {
			both.Packages = append(both.Packages, c)
			continue
		}
		both.Packages[at].After, both.Packages[at].IsAuto = c.After, c.IsAuto
	}
	for _, f := range next.Files {
		at := slices.IndexFunc(both.Files, func(old File) bool { return old.Path == f.Path })
		if at < 0 {
			both.Files = append(both.Files, f)
			continue
		}
		both.Files[at].After = f.After
	}
	return both
}

// work is one piece of work with its record.
type work struct {
	*Apt
	record Record
}

func (a *Apt) begin() *work { return &work{Apt: a} }

// intend notes what is about to happen, before it happens.
func (w *work) intend(r Record) error {
	w.record = w.record.Then(r)
	return w.note()
}

func (w *work) note() error {
	if w.Note == nil || w.Door.Planning() {
		return nil
	}
	if err := w.Note(w.record); err != nil {
		return fmt.Errorf("note what changes: %w", err)
	}
	return nil
}

// settle replaces intentions by what happened between before and now.
func (w *work) settle(ctx context.Context, earlier Record, before State, was traces, r Record, failed error) error {
	if w.Door.Planning() {
		return failed
	}
	// A run that was stopped still has a state to be read.
	ctx = context.WithoutCancel(ctx)
	after, err := w.Snapshot(ctx)
	if err == nil {
		err = w.trace(ctx, was, &r)
	}
	if err != nil {
		if failed != nil {
			return failed
		}
		return err
	}
	r.Packages, r.Finished = Diff(before, after), failed == nil
	w.record = earlier.Then(r)
	if err := w.note(); err != nil && failed == nil {
		return err
	}
	return failed
}

// trace adds to a record what scripts have made since.
func (w *work) trace(ctx context.Context, was traces, r *Record) error {
	now, err := w.traces(ctx)
	if err != nil {
		return err
	}
	r.Users, r.Groups = added(was.users, now.users), added(was.groups, now.groups)
	r.Made, err = w.what(ctx, added(was.files, now.files))
	return err
}

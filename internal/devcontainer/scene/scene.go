// Package scene is what a doctor looks at: a workspace, the engine it uses, and
// the containers that were made of it.
//
// Each fact is asked for once, by the first check that needs it, within a time
// limit of its own; the others wait for it. So checks are free to ask for all
// that they want, and a daemon that hangs costs its limit once. A fact that could
// not be had is an error, which says why: nothing is guessed. Nothing is changed.
package scene

import (
	"context"
	"sync"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devjson"
)

// Options are what a scene is made of.
type Options struct {
	Door      *command.Door
	Workspace string   // absolute
	Config    string   // the devcontainer.json to take of several, from the workspace; "": the first
	Docker    []string // variables for the docker client, besides Environ
	Environ   []string // of this process, as NAME=VALUE lines
	Now       func() time.Time
	Patience  int      // what all limits are multiplied by, where a machine is slow for reasons of its own; 0 is 1
	Reach     []string // HOST:PORT of what is to be reached outside
}

// Scene is one look. It is safe for concurrent use, and lives as long as ctx.
type Scene struct {
	Options
	ctx context.Context

	configs    fact[[]string]
	text       fact[[]byte]
	settings   fact[devjson.Settings]
	engine     fact[*Engine]
	real       fact[string] // the workspace without links
	containers fact[[]*Container]
	mine       fact[[]*Container] // those of the workspace
	networks   fact[[]Network]
	volumes    fact[[]Volume]
	machine    fact[*Machine]
	vitals     fact[map[string]*Vitals]
	interior   fact[*Interior]
	compose    fact[*Compose]
	others     sync.Map // *fact by name: those of one group
}

// Within is a time limit as this scene takes it.
func (s *Scene) Within(limit time.Duration) time.Duration {
	return limit * time.Duration(max(1, s.Patience))
}

// New is a scene that has asked for nothing yet. Facts end with ctx.
func New(ctx context.Context, o Options) *Scene { return &Scene{Options: o, ctx: ctx} }

// fact is asked for once; the answer stays, and so does the error.
type fact[T any] struct {
	once  sync.Once
	value T
	err   error
}

// ask gives the fact. The one who asks does not end it: others wait for it, too.
func (f *fact[T]) ask(ctx context.Context, limit time.Duration, find func(context.Context) (T, error)) (T, error) {
	f.once.Do(func() {
		inner, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		f.value, f.err = find(inner)
	})
	return f.value, f.err
}

// Remember asks for a fact of a group's own, once in a scene. The name is the
// group's; the fact is always of the same type.
func Remember[T any](s *Scene, name string, find func(context.Context, *Scene) (T, error)) (T, error) {
	kept, _ := s.others.LoadOrStore(name, &fact[T]{})
	f, same := kept.(*fact[T])
	if !same {
		f = &fact[T]{}
	}
	return f.ask(s.ctx, s.Within(askLimit), func(inner context.Context) (T, error) {
		return find(inner, s)
	})
}

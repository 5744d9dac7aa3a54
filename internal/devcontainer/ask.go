package devcontainer

import (
	"context"
	"io"

	"iact-infra/internal/procedure"
)

// answers is where a person answers; nil when nobody is there to be asked.
func (r *Room) answers() io.Reader {
	if r.o.Answers != nil {
		return r.o.Answers
	}
	if r.o.In != nil {
		return r.o.In
	}
	return nil
}

// confirm asks the person at the terminal.
func (r *Room) confirm(ctx context.Context, w *procedure.Work, question string) (bool, error) {
	return w.Say.Confirm(ctx, r.answers(), question)
}

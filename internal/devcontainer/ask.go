package devcontainer

import (
	"context"
	"fmt"
	"io"
	"strings"

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

// confirm asks the person at the terminal. No is the default.
func (r *Room) confirm(ctx context.Context, w *procedure.Work, question string) (bool, error) {
	answer, err := w.Say.Ask(ctx, r.answers(), question)
	if err != nil && answer == "" {
		return false, fmt.Errorf("ask: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "s", "si", "sí":
		return true, nil
	}
	return false, nil
}

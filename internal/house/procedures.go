package house

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
	"iact-infra/internal/runbook"
)

// ListProcedures is procedure:list.
func (h *House) ListProcedures() error {
	return h.Told(h.result(func(lang string) (any, func(io.Writer), error) {
		registry, err := h.Registry()
		if err != nil {
			return nil, nil, err
		}
		listed := runbook.List(registry.Procedures(), lang)
		return listed, func(w io.Writer) { runbook.WriteList(w, listed, lang) }, nil
	}))
}

// ShowProcedure is procedure:show -of=NAME.
func (h *House) ShowProcedure(of *string) error {
	return h.Told(h.result(func(lang string) (any, func(io.Writer), error) {
		registry, err := h.Registry()
		if err != nil {
			return nil, nil, err
		}
		name, err := required("procedure:show", of)
		if err != nil {
			return nil, nil, err
		}
		table, found := registry.Find(name)
		if !found {
			return nil, nil, fault.New(fault.Usage, "procedure:list names them",
				fmt.Errorf("show %s: there is no such procedure", name))
		}
		shown := runbook.Show(table, lang, h.measured)
		return shown, func(w io.Writer) { runbook.WriteShow(w, shown, lang) }, nil
	}))
}

// PlanProcedure is procedure:plan -of=NAME, where NAME may also be one target.
func (h *House) PlanProcedure(ctx context.Context, of *string) error {
	name, err := required("procedure:plan", of)
	if err != nil {
		return h.Told(err)
	}
	runner, err := h.Engine()
	if err != nil {
		return h.Told(err)
	}
	return h.Told(runner.Plan(ctx, name))
}

// ExplainLog is procedure:explain: it reads the log that file names, or standard
// input when it names none.
func (h *House) ExplainLog(file *string) error {
	return h.Told(h.result(func(lang string) (any, func(io.Writer), error) {
		log, closeLog, err := h.openLog(file)
		if err != nil {
			return nil, nil, err
		}
		defer closeLog()
		catalogue, err := h.catalogue()
		if err != nil {
			return nil, nil, err
		}
		found, err := catalogue.ExplainReader(log)
		if err != nil {
			return nil, nil, err
		}
		explained := runbook.Explain(found, lang)
		return explained, func(w io.Writer) { runbook.WriteExplained(w, explained, lang) }, nil
	}))
}

func (h *House) openLog(file *string) (io.Reader, func(), error) {
	if file == nil || *file == "" || *file == "-" {
		return h.env.Stdin, func() {}, nil
	}
	log, err := os.Open(*file)
	if err != nil {
		return nil, nil, fault.New(fault.Usage, "-file=LOG names a file that can be read; without it, standard input is read",
			fmt.Errorf("open log: %w", err))
	}
	return log, func() { _ = log.Close() }, nil
}

// measured is how long a step took on this machine. Outside a checkout there is
// no history.
func (h *House) measured(target string) (time.Duration, bool) {
	root, err := h.Root()
	if err != nil {
		return 0, false
	}
	return journal.Estimate(journalDir(root), target)
}

// result writes what ask returns to standard output, in the user's format.
func (h *House) result(ask func(lang string) (any, func(io.Writer), error)) error {
	console, err := h.Console()
	if err != nil {
		return err
	}
	value, text, err := ask(console.Lang())
	if err != nil {
		return err
	}
	return console.Result(value, text)
}

func required(target string, of *string) (string, error) {
	if of == nil || *of == "" {
		return "", fault.New(fault.Usage, "type "+target+" -of=NAME; procedure:list shows the names",
			fmt.Errorf("run %s: -of names no procedure", target))
	}
	return *of, nil
}

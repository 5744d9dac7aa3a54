package host

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/host/survey"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/verdict"
	"iact-infra/internal/whole"
)

// Report is what was done on a machine, by the journals, and how it stands now.
// Its JSON is part of the public interface.
type Report struct {
	Place string          `json:"place"`
	Time  time.Time       `json:"time"`
	State verdict.State   `json:"state"`
	Took  float64         `json:"duration_seconds"`
	Now   survey.Findings `json:"now"`
	Runs  []ReportRun     `json:"runs"` // the newest first
}

// ReportRun is a run that may have changed the machine.
type ReportRun struct {
	Run     string       `json:"run"`
	Who     string       `json:"who,omitempty"`
	Started time.Time    `json:"started"`
	State   string       `json:"state"`
	Undo    string       `json:"undo,omitempty"` // what takes it back
	Steps   []ReportStep `json:"steps"`
}

// ReportStep is a step of one.
type ReportStep struct {
	Target   string   `json:"target"`
	Outcome  string   `json:"outcome"`
	Evidence string   `json:"evidence,omitempty"`
	Error    string   `json:"error,omitempty"`
	Undone   bool     `json:"undone"`
	Changes  []string `json:"changes"`  // from the notes: what was before, and after
	Commands []string `json:"commands"` // that changed something
}

// Report reads, and asks the machine only what does not change it.
func (r *Room) Report(ctx context.Context, door *command.Door, runs []journal.Run, lang string) (Report, error) {
	w := &procedure.Work{Door: door, Lang: lang}
	m, err := r.machine(ctx, w)
	if err != nil {
		return Report{}, err
	}
	began := r.o.Now()
	told := Report{Place: m.Name(), Time: began, Now: findings(ctx, r.standing(w, m)), Runs: r.told(runs, m)}
	if ctx.Err() != nil {
		return told, command.Stopped(ctx)
	}
	told.State, told.Took = verdict.Worst(told.Now), r.o.Now().Sub(began).Seconds()
	return told, nil
}

// told are the runs that may have changed a machine.
func (r *Room) told(runs []journal.Run, m *machine) []ReportRun {
	all := []ReportRun{}
	table := r.Procedure()
	for _, run := range runs {
		if run.Undoes != "" || (&machine{on: Asked(run.Args).On}).name() != m.name() {
			continue
		}
		if one := reportRun(table, run); len(one.Steps) > 0 {
			all = append(all, one)
		}
	}
	return all
}

func reportRun(table procedure.Procedure, run journal.Run) ReportRun {
	one := ReportRun{Run: run.Run, Who: run.Who, Started: run.Started, State: run.State()}
	if run.RolledBack() {
		one.State = "rolled back"
	}
	standing := run.Standing()
	for _, step := range table.Every() {
		is := func(e journal.Entry) bool { return e.Procedure == table.Code && e.Step == step.Target }
		if !slices.ContainsFunc(run.Changed(), is) {
			continue
		}
		told := ReportStep{Target: step.Target, Outcome: journal.Broken, Undone: !slices.ContainsFunc(standing, is), Changes: []string{}, Commands: []string{}}
		for _, e := range run.Entries {
			if is(e) {
				told.add(e)
			}
		}
		if !told.Undone && step.Undo != nil {
			one.Undo = "procedure:rollback -run=" + run.Run
		}
		one.Steps = append(one.Steps, told)
	}
	return one
}

// add takes what one entry of the journal tells.
func (s *ReportStep) add(e journal.Entry) {
	switch {
	case e.Event == journal.Result:
		s.Outcome, s.Evidence, s.Error = e.Outcome, e.Evidence, e.Error
	case e.Event == journal.Command && e.Changes:
		s.Commands = append(s.Commands, e.Command)
	case e.Event == journal.Record:
		if changes := noted(e.Key, e.Value); len(changes) > 0 {
			s.Changes = changes // the last note of a step tells all of it
		}
	}
}

// Write is the report for people.
func (r Report) Write(out io.Writer, lang string) {
	_ = verdict.WriteSum(out, r.Place, r.Now, time.Duration(r.Took*float64(time.Second)), lang)
	if len(r.Runs) == 0 {
		fmt.Fprintln(out, words(lang, "no run has changed anything there", "ninguna ejecución ha cambiado nada ahí"))
		return
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, run := range r.Runs {
		fmt.Fprintf(table, "\n%s\t%s\t%s\t%s\n", run.Run, run.Started.Format(time.DateTime), run.State, report.Clean(run.Who))
		for _, step := range run.Steps {
			fmt.Fprintf(table, "  %s\t%s\t%s\n", step.Target, step.outcome(lang), report.Clean(step.Evidence+step.Error))
			for _, change := range step.Changes {
				fmt.Fprintf(table, "  \t\t%s\n", report.Clean(change))
			}
		}
		if run.Undo != "" {
			fmt.Fprintf(table, "  %s\t%s\n", words(lang, "undo", "deshacer"), run.Undo)
		}
	}
	_ = table.Flush() // standard output says what there is to say
}

func (s ReportStep) outcome(lang string) string {
	if s.Undone {
		return words(lang, "undone", "deshecho")
	}
	return s.Outcome
}

func words(lang, en, es string) string {
	if lang == "es" {
		return es
	}
	return en
}

// Save writes the report as Markdown, beside the file and then in its place.
func (r Report) Save(file, lang string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\n%s\n\n", words(lang, "Docker host", "Anfitrión de Docker"), cell(r.Place), r.Time.Format(time.RFC3339))
	fmt.Fprintf(&b, "## %s\n\n| | | | |\n|---|---|---|---|\n", words(lang, "Now", "Ahora"))
	for _, f := range r.Now {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.State, f.Code, f.Title.In(lang), cell(f.Seen))
	}
	fmt.Fprintf(&b, "\n## %s\n", words(lang, "Runs", "Ejecuciones"))
	for _, run := range r.Runs {
		fmt.Fprintf(&b, "\n### %s\n\n%s, %s, %s\n\n", run.Run, run.Started.Format(time.RFC3339), run.State, cell(run.Who))
		for _, step := range run.Steps {
			fmt.Fprintf(&b, "- `%s` %s: %s\n", step.Target, step.outcome(lang), cell(step.Evidence+step.Error))
			for _, change := range step.Changes {
				fmt.Fprintf(&b, "  - %s\n", cell(change))
			}
			for _, line := range step.Commands {
				fmt.Fprintf(&b, "  - `%s`\n", strings.ReplaceAll(cell(line), "`", "'"))
			}
		}
		if run.Undo != "" {
			fmt.Fprintf(&b, "\n%s: `%s`\n", words(lang, "Undo", "Deshacer"), run.Undo)
		}
	}
	if err := whole.Replace(file, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// cell is a text that breaks no table and no list.
func cell(text string) string {
	text = strings.Join(strings.Fields(report.Clean(text)), " ")
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`).Replace(text)
}

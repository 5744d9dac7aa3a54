package engine

import (
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
)

// Unfinished finds the run to go on with: the one that id names, or the newest
// that did not end well and that nothing later made good. Nothing is changed yet.
func Unfinished(dir, id string) (*Past, error) {
	if id == "" {
		return newest(dir)
	}
	run, err := named(dir, "resume", id)
	if err != nil {
		return nil, err
	}
	last := tip(dir, run)
	if last.Run != run.Run && last.Ended() {
		return nil, fault.New(fault.Missing, "run it anew: "+strings.Join(run.Asked(), " "),
			fmt.Errorf("resume run %s: run %s has gone on with it and ended well, there is nothing left to do", run.Run, last.Run))
	}
	if err := resumable(last); err != nil {
		return nil, err
	}
	return free(dir, last)
}

// newest looks for a run to go on with, the newest first, and stops at the first.
func newest(dir string) (*Past, error) {
	ids, err := journal.IDs(dir)
	if err != nil {
		return nil, err
	}
	good := goodRuns{dir: dir, asked: map[string][]string{}}
	why := ""
	for _, id := range ids {
		path := journal.Path(dir, id)
		if journal.EndedWell(path) {
			good.ids = append(good.ids, id)
			continue
		}
		run, err := journal.Read(path)
		if err != nil {
			return nil, fault.New(0, "name the run that you mean: procedure:resume -run=ID", err)
		}
		if len(run.Entries) == 0 {
			continue
		}
		run = tip(dir, run)
		if resumable(run) != nil {
			if run.Ended() && !run.RolledBack() {
				good.ids = append(good.ids, run.Run)
			}
			continue
		}
		later, done := good.covering(run)
		if !done {
			return free(dir, run)
		}
		why = fmt.Sprintf("; %s did not end well, but %s has done the same since", run.Run, later)
	}
	return nil, fault.New(fault.Missing, "procedure:status shows the last runs; -run=ID names one of them",
		fmt.Errorf("resume: no run is left unfinished%s", why))
}

// goodRuns are runs that ended well, with what they were asked for once somebody
// wants to know.
type goodRuns struct {
	dir   string
	ids   []string
	asked map[string][]string
}

// covering finds one that was asked for all that run was.
func (g *goodRuns) covering(run journal.Run) (later string, found bool) {
	for _, id := range g.ids {
		if _, known := g.asked[id]; !known {
			g.asked[id] = journal.AskedFor(journal.Path(g.dir, id))
		}
		missing := slices.ContainsFunc(run.Asked(), func(t string) bool { return !slices.Contains(g.asked[id], t) })
		if !missing && len(run.Asked()) > 0 {
			return id, true
		}
	}
	return "", false
}

// resumable refuses a run that there is nothing to go on with.
func resumable(run journal.Run) error {
	again := "run it anew"
	if asked := run.Asked(); len(asked) > 0 {
		again += ": " + strings.Join(asked, " ")
	}
	switch {
	case run.Undoes != "":
		return fault.New(fault.Usage, "procedure:rollback -run="+run.Undoes+" goes on with it",
			fmt.Errorf("resume run %s: it is the rollback of run %s", run.Run, run.Undoes))
	case run.RolledBack():
		return fault.New(fault.Missing, again, fmt.Errorf("resume run %s: it was rolled back, so nothing of it is left to go on with", run.Run))
	case run.Ended():
		return fault.New(fault.Missing, again, fmt.Errorf("resume run %s: it ended well, there is nothing left to do", run.Run))
	}
	return nil
}

// free refuses a run that a process still works on.
func free(dir string, run journal.Run) (*Past, error) {
	running, err := journal.Running(journal.Path(dir, run.Run))
	if err != nil {
		return nil, err
	}
	if running {
		return nil, atWork(run)
	}
	return past(dir, run)
}

package backup

import (
	"fmt"
	"io"
	"strings"
	"time"

	"iact-infra/internal/report"
)

// RestoredDB is the result of backup:restoreDB. Its JSON is part of the public
// interface.
type RestoredDB struct {
	ID       string `json:"id"`
	Run      string `json:"run"` // what procedure:rollback and procedure:resume call this run
	Source   string `json:"source"`
	Kind     string `json:"kind"`
	Database string `json:"database"`
	Server   string `json:"server"`
	Old      string `json:"old,omitempty"`        // what had the name before
	Safety   string `json:"safety_set,omitempty"` // a set of it, where one was made
	Compared struct {
		Tables int   `json:"tables"`
		Rows   int64 `json:"rows"`
		Bytes  int64 `json:"bytes"`
	} `json:"compared"`
	Phases      map[string]float64 `json:"phases"`                 // NAME_seconds
	Drop        string             `json:"drop_command,omitempty"` // removes the old one
	Back        string             `json:"back_command,omitempty"` // goes back to it
	Roles       []string           `json:"created_roles,omitempty"`
	Tablespaces []string           `json:"created_tablespaces,omitempty"`
	Warnings    []string           `json:"warnings"`
}

// Write prints the result for people.
func (d *RestoredDB) Write(w io.Writer) {
	fmt.Fprintf(w, "database %s at %s is that of set %s\n", d.Database, d.Server, d.ID)
	fmt.Fprintf(w, "  compared with the dump: %s, %d rows, %s, all the same\n", counted(d.Compared.Tables, "table"), d.Compared.Rows, report.Bytes(d.Compared.Bytes))
	var times []string
	for _, phase := range []string{"verify", "load", "compare", "swap"} {
		times = append(times, phase+" "+report.Duration(time.Duration(d.Phases[phase+"_seconds"]*float64(time.Second))))
	}
	fmt.Fprintf(w, "  times: %s\n", strings.Join(times, ", "))
	for kind, names := range map[string][]string{"roles": d.Roles, "tablespaces": d.Tablespaces} {
		if len(names) > 0 {
			fmt.Fprintf(w, "  created %s: %s\n", kind, strings.Join(names, ", "))
		}
	}
	for _, warning := range d.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", report.Clean(warning))
	}
	if d.Old == "" {
		return
	}
	fmt.Fprintf(w, "what was there is kept as %s\n", d.Old)
	if d.Safety != "" {
		fmt.Fprintf(w, "  and in set   %s, which is taken only when it is named\n", d.Safety)
	}
	fmt.Fprintf(w, "  drop it:     %s\n", d.Drop)
	if d.Back == "" {
		fmt.Fprintf(w, "  go back:     procedure:rollback -run=%s\n", d.Run)
		return
	}
	fmt.Fprintf(w, "  go back:     %s\n", d.Back)
	fmt.Fprintf(w, "  or go back with all that this run did: procedure:rollback -run=%s\n", d.Run)
}

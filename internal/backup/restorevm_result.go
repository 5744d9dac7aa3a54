package backup

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/backup/machine"
	"iact-infra/internal/report"
)

// RestoredVM is the result of backup:restoreVM. Its JSON is part of the public
// interface.
type RestoredVM struct {
	ID       string             `json:"id"`
	Run      string             `json:"run"` // what procedure:rollback and procedure:resume call this run
	Source   string             `json:"source"`
	Kind     string             `json:"kind"`
	Machine  string             `json:"machine"`
	UUID     string             `json:"machine_id"`
	Provider string             `json:"provider"`
	Dir      string             `json:"dir"`
	Disks    []RestoredDisk     `json:"disks"`
	Drill    bool               `json:"drill"` // it was proved, and is gone again
	Checks   []machine.Check    `json:"checks,omitempty"`
	Phases   map[string]float64 `json:"phases"`            // NAME_seconds
	Vagrant  []string           `json:"vagrant,omitempty"` // lines by which Vagrant takes the machine
	Recovery float64            `json:"recovery_seconds"`  // from the first byte that was written to the last answer, or to the machine that is there
	Warnings []string           `json:"warnings"`
}

// RestoredDisk is one disk of it.
type RestoredDisk struct {
	Target string `json:"target"`
	File   string `json:"file"`
	Size   int64  `json:"size_bytes"`
	Data   int64  `json:"data_bytes"` // without its holes
}

// tell fills in what a person does next.
func (d *RestoredVM) tell(t *vmRestoration) {
	d.UUID = t.place.ID
	if t.pick.Drill {
		return
	}
	name := t.about.Name
	if name == "" {
		name = "default"
	}
	at := filepath.Join(".vagrant", "machines", name, t.place.Provider)
	d.Vagrant = []string{"mkdir -p " + word(at), "printf %s " + word(t.place.ID) + " > " + word(filepath.Join(at, "id"))}
	if slices.Contains(t.place.Files, machine.KeyFile) {
		d.Vagrant = append(d.Vagrant, "install -m 600 "+word(filepath.Join(t.place.Dir, machine.KeyFile))+" "+word(filepath.Join(at, "private_key")))
	}
	d.Vagrant = append(d.Vagrant, "vagrant up --no-provision "+word(name))
}

// recovered adds up the phases in which somebody would wait for the machine.
func (d *RestoredVM) recovered() {
	for _, phase := range []string{"create", "load", "compare", "define", "prove"} {
		d.Recovery += d.Phases[phase+"_seconds"]
	}
}

// Write prints the result for people.
func (d *RestoredVM) Write(w io.Writer) {
	verb := "is that of"
	if d.Drill {
		verb = "came back from"
	}
	fmt.Fprintf(w, "machine %s of %s %s set %s\n", d.Machine, d.Provider, verb, d.ID)
	for _, disk := range d.Disks {
		fmt.Fprintf(w, "  disk %s: %s, %s of them data, read back\n", disk.Target, report.Bytes(disk.Size), report.Bytes(disk.Data))
	}
	var times []string
	for _, phase := range []string{"verify", "load", "compare", "define", "prove", "remove"} {
		if took, done := d.Phases[phase+"_seconds"]; done {
			times = append(times, phase+" "+report.Duration(time.Duration(took*float64(time.Second))))
		}
	}
	fmt.Fprintf(w, "  times: %s\n", strings.Join(times, ", "))
	for _, c := range d.Checks {
		fmt.Fprintf(w, "  %s  %s: %s\n", map[bool]string{true: "PASS", false: "FAIL"}[c.OK], report.Clean(c.Name), report.Clean(c.Found))
	}
	for _, warning := range d.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", report.Clean(warning))
	}
	if d.Drill {
		fmt.Fprintf(w, "it answered after %s and is taken away again\n", report.Duration(time.Duration(d.Recovery*float64(time.Second))))
		return
	}
	fmt.Fprintf(w, "it is off; its disks are in %s. Vagrant takes it, in the directory of its Vagrantfile, by\n", d.Dir)
	for _, line := range d.Vagrant {
		fmt.Fprintf(w, "  %s\n", line)
	}
	fmt.Fprintf(w, "take it away again: procedure:rollback -run=%s\n", d.Run)
}

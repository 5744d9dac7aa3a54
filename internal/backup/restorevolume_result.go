package backup

import (
	"fmt"
	"io"
	"strings"
	"time"

	"iact-infra/internal/report"
)

// RestoredVolume is the result of backup:restoreVolume. Its JSON is part of the
// public interface.
type RestoredVolume struct {
	ID       string `json:"id"`
	Run      string `json:"run"` // what procedure:rollback and procedure:resume call this run
	Source   string `json:"source"`
	Kind     string `json:"kind"`
	Volume   string `json:"volume"`
	Docker   string `json:"docker"`
	Way      string `json:"way"`           // how its files were reached
	Old      string `json:"old,omitempty"` // the volume with what had the name before
	Compared struct {
		Entries int64 `json:"entries"`
		Files   int64 `json:"files"`
		Bytes   int64 `json:"bytes"`
	} `json:"compared"`
	Stopped  []string           `json:"stopped_containers"` // and started again
	Downtime float64            `json:"downtime_seconds"`   // from the first one stopped to the last one started
	Phases   map[string]float64 `json:"phases"`             // NAME_seconds
	Drop     string             `json:"drop_command,omitempty"`
	Use      string             `json:"use,omitempty"` // how compose takes a volume beside
	Warnings []string           `json:"warnings"`
}

// tell fills in what a person does next.
func (d *RestoredVolume) tell(t *volumeRestoration) {
	show := func(volume string) string { return t.live.Door.Show(t.live.Docker.Change("volume", "rm", volume)) }
	d.Volume, d.Docker, d.Way = t.place.Volume, t.live.Docker.String(), t.facts.Way
	if t.place.Before != "" {
		d.Old, d.Drop = t.place.Before, show(t.place.Before)
	}
	if t.pick.To != "" {
		d.Use = fmt.Sprintf("volumes: {%s: {external: true, name: %s}}", t.held.Detail["volume"], t.pick.To)
		d.Drop = show(t.pick.To)
	}
}

// Write prints the result for people.
func (d *RestoredVolume) Write(w io.Writer) {
	fmt.Fprintf(w, "volume %s of %s is that of set %s\n", d.Volume, d.Docker, d.ID)
	if d.Compared.Entries > 0 {
		fmt.Fprintf(w, "  compared with the set: %d entries, %s, all the same\n", d.Compared.Entries, report.Bytes(d.Compared.Bytes))
	}
	var times []string
	for _, phase := range []string{"verify", "load", "compare", "swap"} {
		if took, done := d.Phases[phase+"_seconds"]; done {
			times = append(times, phase+" "+report.Duration(time.Duration(took*float64(time.Second))))
		}
	}
	fmt.Fprintf(w, "  times: %s\n", strings.Join(times, ", "))
	if len(d.Stopped) > 0 {
		fmt.Fprintf(w, "  stopped for %s and started again: %s\n", report.Duration(time.Duration(d.Downtime*float64(time.Second))), strings.Join(d.Stopped, ", "))
	}
	for _, warning := range d.Warnings {
		fmt.Fprintf(w, "  warning: %s\n", report.Clean(warning))
	}
	if d.Use != "" {
		fmt.Fprintf(w, "compose takes it by: %s\n  drop it:     %s\n", d.Use, d.Drop)
		return
	}
	if d.Old == "" {
		return
	}
	fmt.Fprintf(w, "what was there is kept as volume %s\n", d.Old)
	fmt.Fprintf(w, "  drop it:     %s\n", d.Drop)
	fmt.Fprintf(w, "  go back:     procedure:rollback -run=%s\n", d.Run)
}

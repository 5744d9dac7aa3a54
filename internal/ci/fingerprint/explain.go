package fingerprint

import (
	"fmt"
	"strings"

	"iact-infra/internal/procedure"
)

// Difference is one reason why a job runs again.
type Difference struct {
	Label Label  `json:"label"`
	Name  string `json:"name,omitempty"`
	How   How    `json:"how"`
	Old   string `json:"old,omitempty"` // not of a variable
	New   string `json:"new,omitempty"`
}

// Input labels a difference of a file.
const Input Label = "input"

// Explain lists what differs between two keys of a job: parts first, then files.
func Explain(before, after Key) []Difference {
	var all []Difference
	old, fresh := grouped(before), grouped(after)
	for _, id := range order(before, after) {
		was, had := old[id]
		is, has := fresh[id]
		d := Difference{Label: id.Label, Name: id.Name, Old: strings.Join(was, "\n"), New: strings.Join(is, "\n")}
		switch {
		case !has:
			d.How = Removed
		case !had:
			d.How = Added
		case d.Old != d.New:
			d.How = Changed
		default:
			continue
		}
		if d.Label == Env {
			d.Old, d.New = "", ""
		}
		all = append(all, d)
	}
	for _, c := range Compare(before.Inputs, after.Inputs) {
		all = append(all, Difference{Label: Input, Name: c.Path, How: c.How})
	}
	return all
}

func grouped(k Key) map[Part][]string {
	all := map[Part][]string{}
	for _, p := range k.Parts {
		id := Part{Label: p.Label, Name: p.Name}
		all[id] = append(all[id], p.Value)
	}
	return all
}

func order(keys ...Key) []Part {
	var ids []Part
	seen := map[Part]bool{}
	for _, k := range keys {
		for _, p := range k.Parts {
			id := Part{Label: p.Label, Name: p.Name}
			if !seen[id] {
				seen[id], ids = true, append(ids, id)
			}
		}
	}
	return ids
}

// Text is the reason in a few words, as a log line shows it.
func (d Difference) Text() procedure.Text {
	done := map[How]procedure.Text{
		Added: {ES: "es nuevo", EN: "is new"}, Removed: {ES: "ya no está", EN: "is gone"}, Changed: {ES: "cambió", EN: "changed"},
	}[d.How]
	name := d.Name
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		name = fmt.Sprintf("%q", name)
	}
	say := func(es, en string) procedure.Text {
		return procedure.Text{ES: es + " " + done.ES, EN: en + " " + done.EN}
	}
	switch d.Label {
	case Input:
		return say(name, name)
	case Env:
		return say("la variable "+name, "the variable "+name)
	case Tool:
		text := say("la versión de «"+name+"»", "the version of '"+name+"'")
		if d.How == Changed {
			from := fmt.Sprintf(": %s → %s", brief(d.Old), brief(d.New))
			text.ES, text.EN = text.ES+from, text.EN+from
		}
		return text
	case Need:
		return say("el trabajo "+name, "the job "+name)
	case Command:
		return say("el comando", "the command")
	case Dir, Place:
		return say("el directorio", "the directory")
	case Output:
		return say("lo que el trabajo produce", "what the job makes")
	case System:
		return say("el sistema", "the system")
	default:
		return say("la versión del toolkit", "the version of the toolkit")
	}
}

// brief is the first line of what a tool printed.
func brief(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if runes := []rune(strings.ToValidUTF8(line, "?")); len(runes) > 60 {
		line = string(runes[:60]) + "…"
	}
	return fmt.Sprintf("%q", line)
}

package dotenv

import (
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
)

// Judge holds the text of a file against that of its template. It looks at
// nothing else. file is the name by which people know the file; no finding shows
// a value.
func Judge(file, template, text string) []verdict.Finding {
	j := judge{file: file, pieces: Parse(text), want: Parse(template)}
	j.values, j.defaults = Values(j.pieces), Values(j.want)
	if !Valid(text) {
		return []verdict.Finding{{Code: "CI-ENV-002", State: verdict.Fail, About: file, Title: verdict.Say("Se puede leer", "It can be read"), Seen: "not UTF-8",
			Cause: verdict.Say("no es texto UTF-8, y python-dotenv no lo lee", "it is no UTF-8 text, and python-dotenv does not read it"), Fix: verdict.Same("iconv -f latin1 -t utf-8 " + file)}}
	}
	return slices.Concat(j.readable(text), j.complete(), j.good(), j.extra())
}

type judge struct {
	file             string
	pieces, want     []Piece
	values, defaults map[string]string
}

func (j judge) finding(code string, title procedure.Text, state verdict.State, about, seen string, cause, fix procedure.Text) verdict.Finding {
	return verdict.Finding{Code: code, State: state, Title: title, About: about, Seen: seen, Cause: cause, Fix: fix}
}

// readable: lines that a reader drops, names that stand twice, and what the two
// libraries read differently.
func (j judge) readable(text string) []verdict.Finding {
	title := verdict.Say("Se puede leer", "It can be read")
	var all []verdict.Finding
	first := map[string]int{}
	for _, p := range j.pieces {
		at := fmt.Sprintf("%s:%d", j.file, p.Line)
		switch {
		case p.Broken:
			all = append(all, j.finding("CI-ENV-002", title, verdict.Warn, at, "python-dotenv cannot read it",
				verdict.Say("python-dotenv salta la línea, y lo que define falta", "python-dotenv leaves the line out, and what it sets is missing"),
				verdict.Say("escriba NOMBRE=valor, con el valor entre comillas que se cierran", "write NAME=value, the value in quotes that are closed")))
		case p.Name != "" && first[p.Name] > 0:
			all = append(all, j.finding("CI-ENV-002", title, verdict.Warn, at+" "+p.Name, fmt.Sprintf("also in line %d", first[p.Name]),
				verdict.Say("está dos veces, y solo cuenta la última", "it stands twice, and only the last one counts"), verdict.Say("borre una de las líneas", "delete one of the lines")))
		case p.Name != "":
			first[p.Name] = p.Line
		}
	}
	for _, name := range Differ(text) {
		all = append(all, j.finding("CI-ENV-002", title, verdict.Warn, j.file+" "+name, "python-dotenv and dotenv of Node read it differently",
			verdict.Say("un # sin espacio, una comilla invertida, un escape o NOMBRE: se leen distinto en Python y en Node", "a # without a blank, a backtick, an escape or NAME: is read differently in Python and in Node"),
			verdict.Say("ponga el valor entre comillas simples, sin comillas dentro", "put the value in single quotes, without quotes inside")))
	}
	if len(all) == 0 {
		all = append(all, j.finding("CI-ENV-002", title, verdict.OK, j.file, fmt.Sprintf("%d variables", len(j.values)), procedure.Text{}, procedure.Text{}))
	}
	return all
}

// complete: every variable of the template is there.
func (j judge) complete() []verdict.Finding {
	title := verdict.Say("Variables de la plantilla", "Variables of the template")
	var missing []string
	for _, p := range j.want {
		if _, there := j.values[p.Name]; !there && p.Set && !slices.Contains(missing, p.Name) {
			missing = append(missing, p.Name)
		}
	}
	if len(missing) == 0 {
		return []verdict.Finding{j.finding("CI-ENV-003", title, verdict.OK, j.file, fmt.Sprintf("all %d", len(j.defaults)), procedure.Text{}, procedure.Text{})}
	}
	return []verdict.Finding{j.finding("CI-ENV-003", title, verdict.Fail, j.file, "missing: "+strings.Join(missing, ", "),
		verdict.Say("el programa no arranca, o usa un valor que nadie eligió", "the program does not start, or uses a value that nobody chose"),
		verdict.Say("mage ci:env añade las que faltan y no toca las demás", "mage ci:env adds those that are missing and leaves the others alone"))}
}

// good: each value may be one.
func (j judge) good() []verdict.Finding {
	var all []verdict.Finding
	for _, p := range j.pieces {
		if value, last := j.values[p.Name]; p.Set && last && value == p.Value {
			if f := j.value(p); f.Code != "" {
				all = append(all, f)
			}
		}
	}
	if len(all) == 0 {
		all = append(all, j.finding("CI-ENV-004", verdict.Say("Valores", "Values"), verdict.OK, j.file, "plausible", procedure.Text{}, procedure.Text{}))
	}
	return all
}

func (j judge) value(p Piece) verdict.Finding {
	about := fmt.Sprintf("%s:%d %s", j.file, p.Line, p.Name)
	title := verdict.Say("Valores", "Values")
	renew := verdict.Sayf("borre la línea %d, y mage ci:env pone un secreto nuevo", "delete line %d, and mage ci:env puts a new secret there", p.Line)
	state := verdict.Warn
	if ownSecret(p.Name) {
		state = verdict.Fail
	}
	if p.Value == "" {
		if state == verdict.Warn && j.defaults[p.Name] == "" {
			return verdict.Finding{}
		}
		fix := verdict.Say("dele un valor", "give it a value")
		if state == verdict.Fail {
			fix = renew
		}
		return j.finding("CI-ENV-004", title, state, about, "empty", verdict.Say("está vacía, y la plantilla espera un valor", "it is empty, and a value is expected"), fix)
	}
	if placeholder(p.Value) {
		fix := verdict.Say("ponga el valor verdadero, de quien lo da", "put in the real value, from where it is given out")
		if state == verdict.Fail {
			fix = renew
		}
		return j.finding("CI-ENV-005", title, state, about, "a placeholder", verdict.Say("aún tiene el texto de muestra de la plantilla", "it still has the sample text of the template"), fix)
	}
	if why := weak(p.Value); ownSecret(p.Name) && !refers(p.Value) && !why.Empty() {
		return j.finding("CI-ENV-006", title, verdict.Warn, about, "a weak secret", why, renew)
	}
	if why, sure := implausible(p.Name, p.Value); !why.Empty() {
		state := verdict.Warn
		if sure {
			state = verdict.Fail
		}
		return j.finding("CI-ENV-007", title, state, about, "implausible", why, verdict.Sayf("corrija la línea %d", "correct line %d", p.Line))
	}
	if host := inside(p.Name, p.Value); host != "" {
		return j.finding("CI-ENV-008", title, verdict.Warn, about, "host "+host,
			verdict.Say("ese nombre solo existe dentro de la red de compose; fuera da «could not translate host name»", "that name exists only within the network of compose; outside it gives \"could not translate host name\""),
			verdict.Say("fuera de compose use localhost y el puerto publicado", "outside of compose use localhost and the published port"))
	}
	return verdict.Finding{}
}

// extra: what the template does not know of is no fault, but others will lack it.
func (j judge) extra() []verdict.Finding {
	known := map[string]bool{}
	for _, p := range j.want {
		known[p.Name] = true
		if name, offered := offer(p); offered {
			known[name] = true
		}
	}
	var names []string
	for _, p := range j.pieces {
		if p.Name != "" && !known[p.Name] && !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 || len(j.want) == 0 {
		return nil
	}
	return []verdict.Finding{j.finding("CI-ENV-009", verdict.Say("Fuera de la plantilla", "Not in the template"), verdict.OK, j.file, strings.Join(names, ", "), procedure.Text{}, procedure.Text{})}
}

// offer is the name of a variable that a template shows as a comment: # NAME=value.
func offer(p Piece) (string, bool) {
	if !p.Comment {
		return "", false
	}
	name, _, is := strings.Cut(strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(p.Text), "# ")), "=")
	return strings.TrimSpace(name), is && !strings.ContainsAny(strings.TrimSpace(name), " \t\"'")
}

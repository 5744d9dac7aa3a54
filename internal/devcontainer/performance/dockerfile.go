package performance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// instruction is one of a Dockerfile.
type instruction struct {
	line  int
	name  string // in capitals
	flags []string
	text  string // the rest, in one line
}

// words are its arguments, in either form.
func (i instruction) words() []string {
	var all []string
	if strings.HasPrefix(i.text, "[") && json.Unmarshal([]byte(i.text), &all) == nil {
		return all
	}
	return strings.Fields(i.text)
}

// readDockerfile takes a Dockerfile apart: lines that go on, comments between
// them, and documents that end with a word of their own.
func readDockerfile(text []byte) []instruction {
	var all []instruction
	var open string
	escape, line, began := `\`, 0, 0
	here := regexp.MustCompile(`<<-?["']?(\w+)["']?`)
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for lines.Scan() {
		line++
		one := strings.TrimSpace(lines.Text())
		if rest, is := strings.CutPrefix(strings.ReplaceAll(one, " ", ""), "#escape="); is && len(all) == 0 && rest == "`" {
			escape = rest
		}
		if one == "" || strings.HasPrefix(one, "#") {
			continue
		}
		if open == "" {
			began = line
		}
		rest, more := strings.CutSuffix(one, escape)
		if open += rest + " "; more {
			continue
		}
		if mark := here.FindStringSubmatch(open); mark != nil {
			for lines.Scan() {
				line++
				if inner := strings.TrimSpace(lines.Text()); inner != mark[1] {
					open += inner + "; "
					continue
				}
				break
			}
		}
		all, open = append(all, newInstruction(began, open)), ""
	}
	if open != "" {
		all = append(all, newInstruction(began, open))
	}
	return all
}

func newInstruction(line int, text string) instruction {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	i := instruction{line: line, name: strings.ToUpper(name), text: strings.TrimSpace(rest)}
	for strings.HasPrefix(i.text, "--") {
		flag, rest, _ := strings.Cut(i.text, " ")
		i.flags, i.text = append(i.flags, flag), strings.TrimSpace(rest)
	}
	return i
}

// flag says whether an instruction has a flag that begins so.
func (i instruction) flag(start string) bool {
	for _, f := range i.flags {
		if strings.HasPrefix(f, start) {
			return true
		}
	}
	return false
}

// broad says whether it copies the whole build context.
func (i instruction) broad() bool {
	words := i.words()
	if i.name != "COPY" && i.name != "ADD" || i.flag("--from") || len(words) < 2 {
		return false
	}
	for _, source := range words[:len(words)-1] {
		if source == "." || source == "./" || source == "*" || source == "/" {
			return true
		}
	}
	return false
}

// installs are the commands that fetch what a list names. Those that build the
// code itself need it, and are none.
const installs = `\b(pip3? install\b.* -r|npm (ci|install)\b|yarn install\b|pnpm (i|install)\b|bundle install\b|composer install\b|poetry install\b|uv sync\b|go mod download\b|apt-get install\b|apt install\b|apk add\b|dnf install\b|yum install\b)`

func layers(_ context.Context, s *scene.Scene) []doctor.Finding {
	b, err := builds(s)
	if err != nil {
		return doctor.Unseen(err)
	}
	if b.dockerfile == "" {
		return doctor.Good("nothing is built")
	}
	text, err := s.Read(b.dockerfile)
	if err != nil {
		return doctor.Good("%s is not there", b.dockerfile)
	}
	return recopied(b.dockerfile, readDockerfile(text))
}

// recopied names the installation that every change of the code repeats, because
// the code is copied before it.
func recopied(path string, all []instruction) []doctor.Finding {
	fetch := regexp.MustCompile(installs)
	var copied *instruction
	var found []doctor.Finding
	for n := range all {
		i := &all[n]
		switch {
		case i.name == "FROM":
			copied = nil
		case i.broad():
			copied = i
		case i.name == "RUN" && copied != nil && !i.flag("--mount=type=cache") && fetch.MatchString(i.text):
			found = append(found, doctor.Finding{
				State: doctor.Warn, Where: fmt.Sprintf("%s:%d", path, copied.line),
				Evidence: fmt.Sprintf("%s %s in line %d, before %s in line %d", copied.name, copied.text, copied.line, fetch.FindString(i.text), i.line),
				Cause: doctor.Say("cada cambio en el código invalida la caché de la capa que instala las dependencias: se instalan de nuevo en cada construcción",
					"each change of the code drops the cached layer of the installed dependencies: they are installed again with each build"),
				Fix: fmt.Sprintf("# %s: copy only what the installation reads (COPY requirements.txt ., COPY package*.json ./), install, and then %s %s", path, copied.name, copied.text),
			})
			copied = nil // one finding a stage
		}
	}
	if len(found) == 0 {
		return doctor.Good("%d instructions", len(all))
	}
	return found
}

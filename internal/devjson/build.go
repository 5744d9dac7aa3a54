package devjson

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// building is one build of a Dockerfile.
type building struct {
	file    string
	text    []byte
	context string // "" when it is not in the project, or not known
	args    map[string]string
	target  string
	at      func(key string) string // the place of what asks for it
}

// builtFrom is what is known of the image of the container.
type builtFrom struct {
	image string // that stands behind the last FROM; "" when it is not known
	text  string // of the Dockerfile
	whole bool   // whether there is no more than that to know
	last  []instruction
}

// build judges a Dockerfile line by line.
func (c *check) build(b building) {
	all := instructions(string(b.text))
	say := func(line int, code string, state State, evidence, cause, fix string) {
		c.addAt(code, state, fmt.Sprintf("%s:%d", b.file, line), evidence, cause, fix)
	}
	d := &dockerfile{check: c, building: b, say: say, args: predefined()}
	for directive, line := range directives(strings.Split(string(b.text), "\n")) {
		d.shell = d.shell || strings.HasPrefix(directive, "escape=`")
		if strings.HasPrefix(directive, "syntax=") {
			say(line, "DC-INSTRUCTION", Note, "# "+directive, "the builder fetches this image from its registry first, which fails without a network", "take the line out where nothing in the file needs it")
		}
	}
	if len(all) == 0 {
		say(1, "DC-FROM", Fail, "the file has no instruction", "docker says \"the Dockerfile cannot be empty\"", "begin it with FROM")
		return
	}
	for _, i := range all {
		d.instruction(i)
	}
	if len(d.stages) == 0 && !d.broken {
		say(all[0].line, "DC-FROM", Fail, "there is no FROM", "docker says \"no build stage in current context\"", "begin it with FROM")
		return
	}
	d.finish()
}

// predefined are the arguments that the builder gives by itself.
func predefined() map[string]string {
	args := map[string]string{}
	for _, side := range []string{"TARGET", "BUILD"} {
		for _, what := range []string{"PLATFORM", "OS", "ARCH", "VARIANT"} {
			args[side+what] = "?"
		}
	}
	return args
}

// dockerfile is the judgement of a Dockerfile under way.
type dockerfile struct {
	*check
	building
	say    func(line int, code string, state State, evidence, cause, fix string)
	args   map[string]string // of before the first FROM
	stages []stage
	shell  bool // another shell than sh
	broken bool
	copied []copied
}

type stage struct {
	name, image string // image is "" when it is not known
	inner       []instruction
}

func known() []string {
	return []string{"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
}

func (d *dockerfile) instruction(i instruction) {
	if !slices.Contains(known(), i.name) {
		d.broken = true
		fix := `if it belongs to the line before, end that one in " \"`
		if near := Near(i.name, known()); near != "" {
			fix = "write " + near
		}
		d.say(i.line, "DC-INSTRUCTION", Fail, i.written, "docker says \"unknown instruction\"", fix)
		return
	}
	if i.name != "FROM" && i.name != "ARG" && len(d.stages) == 0 {
		if !d.broken {
			d.say(i.line, "DC-FROM", Fail, i.name+" stands before the first FROM", "docker says \"no build stage in current context\"", "begin with FROM; only ARG may stand before it")
		}
		d.broken = true
		return
	}
	if i.open != "" {
		d.say(i.line, "DC-INSTRUCTION", Fail, "<<"+i.open+" does not end", "docker says \"unterminated heredoc\"", "put a line "+i.open+" at its end")
	}
	if i.rest == "" && len(i.flags) == 0 {
		d.say(i.line, "DC-INSTRUCTION", Fail, i.name+" without arguments", "docker says \""+i.name+" requires at least one argument\"", "complete the line, or take it out")
		return
	}
	d.flags(i)
	switch i.name {
	case "FROM":
		d.from(i)
		return
	case "ARG":
		d.arg(i)
	case "COPY", "ADD":
		d.copy(i)
	case "SHELL":
		d.shell = true
	case "RUN", "CMD", "ENTRYPOINT":
		d.program(i)
	}
	if n := len(d.stages); n > 0 {
		d.stages[n-1].inner = append(d.stages[n-1].inner, i)
	}
}

func (d *dockerfile) flags(i instruction) {
	known := map[string][]string{
		"FROM": {"platform"}, "RUN": {"mount", "network", "security", "device"}, "COPY": {"from", "chown", "chmod", "link", "parents", "exclude"},
		"ADD": {"chown", "chmod", "link", "exclude", "keep-git-dir", "checksum", "unpack"}, "HEALTHCHECK": {"interval", "timeout", "start-period", "start-interval", "retries"},
	}[i.name]
	for _, flag := range i.flags {
		name, _, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		if near := Near(name, known); !slices.Contains(known, name) && near != "" {
			d.say(i.line, "DC-INSTRUCTION", Fail, i.name+" "+flag, "docker says \"unknown flag\"", "write --"+near)
		}
	}
}

// arg notes an argument of before the first FROM.
func (d *dockerfile) arg(i instruction) {
	if len(d.stages) > 0 {
		return
	}
	for _, word := range strings.Fields(i.rest) {
		name, fallback, _ := strings.Cut(word, "=")
		if d.args[name] = expand(strings.Trim(fallback, `"'`), d.args); d.building.args[name] != "" {
			d.args[name] = d.building.args[name]
		}
	}
}

func (d *dockerfile) from(i instruction) {
	words := strings.Fields(i.rest)
	s := stage{}
	switch {
	case len(words) == 3 && strings.EqualFold(words[1], "as"):
		s.name = strings.ToLower(words[2])
	case len(words) != 1:
		d.say(i.line, "DC-FROM", Fail, "FROM "+i.rest, "docker says \"FROM requires either one or three arguments\"", "write FROM IMAGE, or FROM IMAGE AS NAME")
		d.broken = true
		d.stages = append(d.stages, s)
		return
	}
	s.image = expand(strings.Trim(words[0], `"'`), d.args)
	asked := regexp.MustCompile(`\$\{?(\w+)`).FindStringSubmatch(words[0])
	before := slices.IndexFunc(d.stages, func(earlier stage) bool { return earlier.name != "" && earlier.name == strings.ToLower(s.image) })
	switch {
	case before >= 0:
		s.image = d.stages[before].image
		s.inner = slices.Clone(d.stages[before].inner)
	case asked != nil && d.args[asked[1]] == "" && (s.image == "" || strings.HasSuffix(s.image, ":") || strings.HasPrefix(s.image, ":")):
		cause, fix := "the argument has no value, and so the name of the image is not whole: docker says \"base name should not be blank\" or \"invalid reference format\"", fmt.Sprintf("write ARG %s=… before FROM, or give it in build.args", asked[1])
		d.say(i.line, "DC-FROM", Fail, "FROM "+words[0], cause, fix)
		s.image = ""
	case strings.Contains(words[0], "$") && strings.Contains(s.image, "?"):
		s.image = ""
	default:
		d.reference(s.image, func(evidence, cause, fix string) { d.say(i.line, "DC-FROM", Fail, "FROM "+evidence, cause, fix) })
	}
	d.stages = append(d.stages, s)
}

// program judges what is to be run.
func (d *dockerfile) program(i instruction) {
	words, exec := i.words()
	if !exec && regexp.MustCompile(`^\[\s*(['“][^'”]*['”]|"[^"]*")\s*(,.*)?\]$`).MatchString(i.rest) {
		d.say(i.line, "DC-INSTRUCTION", Warn, i.name+" "+i.rest, "a list is JSON, with double quotes; this one is given to the shell as it is, which does not find the program", "write it like "+i.name+` ["program", "argument"]`)
		return
	}
	if exec || i.heredoc || d.shell {
		d.runs(i, words)
		return
	}
	if problem := shellError(i.rest); problem != "" {
		d.say(i.line, "DC-INSTRUCTION", Fail, fmt.Sprintf("%s %.80s", i.name, i.rest), "the shell does not understand it: "+problem, `correct the line; one that goes on ends in " \"`)
	}
	d.runs(i, words)
}

// finish judges the stage that is wanted, and keeps what it is made of.
func (d *dockerfile) finish() {
	last := len(d.stages) - 1
	if last < 0 {
		return
	}
	if want := strings.ToLower(d.target); want != "" && !strings.Contains(want, "$") {
		var names []string
		for _, s := range d.stages {
			if s.name != "" {
				names = append(names, s.name)
			}
		}
		at := slices.IndexFunc(d.stages, func(s stage) bool { return s.name == want })
		if n, err := strconv.Atoi(want); at < 0 && err == nil && n < len(d.stages) {
			at = n
		}
		if at < 0 && !d.broken {
			fix := "name one of: " + strings.Join(names, ", ")
			if len(names) == 0 {
				fix = "take the target out, or write FROM … AS " + want
			}
			d.addAt("DC-INSTRUCTION", Fail, d.at("target"), fmt.Sprintf("target %q", d.target), d.file+" has no stage of that name: docker says \"target stage could not be found\"", fix)
			return
		}
		last = max(at, 0)
	}
	s := d.stages[last]
	d.image = builtFrom{image: s.image, text: string(d.building.text), last: s.inner, whole: !d.broken}
	for _, given := range d.building.args {
		d.image.whole = d.image.whole && !strings.Contains(given, "${")
	}
}

package annotate

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"iact-infra/internal/ci/findings"
	"iact-infra/internal/ci/outcome"
)

// most is how many annotations of one level GitHub shows for a step; it drops the
// rest without a word.
const most = 10

// longest is how much of a message is written: GitHub cuts at 64 KiB, and a
// reader long before.
const longest = 4 << 10

// Jobs writes a fold for each job, with the end of the output of one that failed.
func (l Log) Jobs(run outcome.Run) {
	for _, j := range run.Jobs {
		title := fmt.Sprintf("%s: %s", j.Name, j.State)
		if j.Duration > 0 {
			title += " (" + j.Duration.Round(100*time.Millisecond).String() + ")"
		}
		l.Open(j.Name, title)
		for _, command := range j.Commands {
			l.Text("$ " + command)
		}
		if j.Tail != "" {
			l.Text(j.Tail)
		}
		if j.Why != "" {
			l.Text(j.Why)
		}
		l.Close(j.Name)
	}
}

// Marks writes what a run has to say of lines of code, the most important first:
// as annotations for GitHub, within what it shows of one step, and as lines that
// begin with the place elsewhere. What has no room is counted.
func (l Log) Marks(run outcome.Run) {
	if l.System == None {
		return
	}
	count := map[findings.Level]int{}
	over := map[findings.Level]int{}
	all := marks(run, l.Lang)
	for _, m := range all {
		count[m.level]++
	}
	room := map[findings.Level]int{findings.Error: most, findings.Warning: most, findings.Note: most}
	if count[findings.Error] > most || count[findings.Warning] > most || count[findings.Note] >= most {
		room[findings.Note]-- // for the line that counts the rest
	}
	for _, m := range all {
		if room[m.level]--; room[m.level] < 0 {
			over[m.level]++
			continue
		}
		l.mark(m)
	}
	if len(over) > 0 {
		l.mark(mark{level: findings.Note, title: "ci", message: words(l.Lang, "more", over[findings.Error], over[findings.Warning], over[findings.Note])})
	}
}

func (l Log) mark(m mark) {
	file := m.path
	if file != "" && !path.IsAbs(file) {
		file = path.Join(l.Below, file)
	}
	file, title, message := l.line(file), l.line(m.title), l.message(m.message)
	if l.System != GitHub {
		where := ""
		if file != "" {
			where = file + ":" + strconv.Itoa(max(1, m.line)) + ": "
		}
		first, _, _ := strings.Cut(message, "\n")
		fmt.Fprintf(l.To, "%s%s: %s: %s\n", where, m.level, title, first)
		return
	}
	var properties []string
	set := func(name, value string) { properties = append(properties, name+"="+property(value)) }
	if file != "" && !path.IsAbs(file) {
		set("file", file)
		if m.line > 0 {
			set("line", strconv.Itoa(m.line))
			if m.column > 0 {
				set("col", strconv.Itoa(m.column))
			}
		}
	} else if file != "" {
		message = file + ": " + message
	}
	set("title", title)
	name := map[findings.Level]string{findings.Error: "error", findings.Warning: "warning"}[m.level]
	if name == "" {
		name = "notice"
	}
	fmt.Fprintf(l.To, "::%s %s::%s\n", name, strings.Join(properties, ","), data(message))
}

// message is text of several lines, without secrets, and not too long.
func (l Log) message(text string) string {
	// Secrets have gone before the cut: half of one would pass.
	text = strings.TrimSpace(strings.Join(l.lines(text), "\n"))
	if len(text) > longest {
		text = text[:longest]
		for !utf8.ValidString(text) {
			text = text[:len(text)-1]
		}
		text += " …"
	}
	return text
}

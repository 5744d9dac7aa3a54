package packages

import (
	"context"
	"fmt"
	"strings"
)

// Source is one repository that a file of apt names.
type Source struct {
	File     string
	Line     int // where its entry begins
	Type     string
	URL      string
	Suite    string
	SignedBy string
}

// Where is the place as a person looks it up.
func (s Source) Where() string { return fmt.Sprintf("%s:%d", s.File, s.Line) }

func (s Source) same(url, suite string) bool {
	return bareURL(s.URL) == bareURL(url) && strings.TrimSuffix(s.Suite, "/") == strings.TrimSuffix(suite, "/")
}

// bareURL is a URL as apt compares it: one slash more or less is no difference.
func bareURL(s string) string { return strings.TrimRight(strings.ToLower(s), "/") }

// Sources are the repositories that the host's files name, in apt's order. It
// reads the files itself: apt reads none of them when two contradict each other.
func (a *Apt) Sources(ctx context.Context) ([]Source, error) {
	out, err := a.script(ctx, `cd /etc/apt || exit 0
for f in sources.list sources.list.d/*.list sources.list.d/*.sources; do
  [ -f "$f" ] || continue
  printf '\001%s\n' "/etc/apt/$f"
  cat -- "$f" || exit 1
  echo
done`)
	if err != nil {
		return nil, fmt.Errorf("read apt's sources: %w", err)
	}
	var all []Source
	for part := range strings.SplitSeq(out, "\001") {
		file, text, _ := strings.Cut(part, "\n")
		switch {
		case strings.HasSuffix(file, ".list"):
			all = append(all, parseList(file, text)...)
		case strings.HasSuffix(file, ".sources"):
			all = append(all, parseDeb822(file, text)...)
		}
	}
	return all, nil
}

// parseList reads the one-line format: deb [signed-by=FILE] URL SUITE COMPONENT….
func parseList(file, text string) []Source {
	var all []Source
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if kind != "deb" && kind != "deb-src" {
			continue
		}
		s := Source{File: file, Line: i + 1, Type: kind}
		rest = strings.TrimSpace(rest)
		if options, after, found := strings.Cut(rest, "]"); found && strings.HasPrefix(rest, "[") {
			for _, option := range strings.Fields(strings.TrimPrefix(options, "[")) {
				if value, ok := strings.CutPrefix(strings.ToLower(option), "signed-by="); ok {
					s.SignedBy = option[len(option)-len(value):]
				}
			}
			rest = after
		}
		f := strings.Fields(rest)
		if len(f) < 2 {
			continue
		}
		s.URL, s.Suite = f[0], f[1]
		all = append(all, s)
	}
	return all
}

// parseDeb822 reads stanzas; each may name several URLs and suites.
func parseDeb822(file, text string) []Source {
	var all []Source
	fields, start, last := map[string]string{}, 0, ""
	flush := func() {
		if strings.EqualFold(strings.TrimSpace(fields["enabled"]), "no") {
			fields = map[string]string{}
		}
		for _, kind := range strings.Fields(fields["types"]) {
			for _, url := range strings.Fields(fields["uris"]) {
				for _, suite := range strings.Fields(fields["suites"]) {
					all = append(all, Source{File: file, Line: start, Type: kind, URL: url, Suite: suite, SignedBy: strings.TrimSpace(fields["signed-by"])})
				}
			}
		}
		fields, start, last = map[string]string{}, 0, ""
	}
	for i, line := range strings.Split(text, "\n") {
		switch {
		case strings.TrimSpace(line) == "":
			flush()
		case strings.HasPrefix(line, "#"):
		case line[0] == ' ' || line[0] == '\t':
			fields[last] += "\n" + line
		default:
			name, value, _ := strings.Cut(line, ":")
			last = strings.ToLower(name)
			fields[last] = value
			if start == 0 {
				start = i + 1
			}
		}
	}
	flush()
	return all
}

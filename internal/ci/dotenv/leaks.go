package dotenv

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/verdict"
)

// form is a secret that its beginning gives away, as its maker documents it.
type form struct{ what, pattern string }

// tokens are extended regular expressions that git and Go read alike.
func tokens() []form {
	return []form{
		{"token of GitHub", `gh[pousr]_[A-Za-z0-9]{36}`},
		{"token of GitHub", `github_pat_[A-Za-z0-9_]{60,}`},
		{"token of GitLab", `glpat-[A-Za-z0-9_-]{20}`},
		{"token of npm", `npm_[A-Za-z0-9]{36}`},
		{"token of PyPI", `pypi-[A-Za-z0-9_-]{50,}`},
		{"token of Docker", `dckr_pat_[A-Za-z0-9_-]{20,}`},
		{"token of Slack", `xox[abeprs]-[A-Za-z0-9-]{20,}`},
		{"key of AWS", `(AKIA|ASIA)[A-Z0-9]{16}`},
		{"key of Google", `AIza[A-Za-z0-9_-]{35}`},
		{"key of Stripe", `sk_live_[A-Za-z0-9]{20,}`},
		{"private key", `-----BEGIN ([A-Z]+ )*PRIVATE KEY-----`},
	}
}

// Leaks looks for secrets by their form in the files that git tracks below a
// directory, and for .env files that were ever committed. It shows places, never
// a secret, and only reads.
func Leaks(ctx context.Context, door *command.Door, dir string) ([]verdict.Finding, error) {
	title := verdict.Say("Secretos en archivos de git", "Secrets in files of git")
	args := []string{"grep", "-I", "-n", "-z", "-o", "--no-color", "-E"}
	for _, f := range tokens() {
		args = append(args, "-e", f.pattern)
	}
	out, err := door.Text(ctx, git(dir, append(args, "--", ".")...)).String()
	var failed *command.Error
	if errors.As(err, &failed) && strings.Contains(failed.Stderr, "not a git repository") {
		return none("CI-ENV-012", title, "no working copy of git"), nil
	}
	if err != nil && (!errors.As(err, &failed) || failed.Exit != 1) {
		return nil, fmt.Errorf("look for secrets in %s: %w", dir, err)
	}
	var all []verdict.Finding
	for line := range strings.Lines(out) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\x00", 3)
		if len(fields) != 3 {
			continue
		}
		all = append(all, verdict.Finding{Code: "CI-ENV-012", State: verdict.Warn, About: fields[0] + ":" + fields[1], Title: title, Seen: whose(fields[2]),
			Cause: verdict.Say("quien lea el repositorio puede usarlo", "whoever reads the repository can use it"),
			Fix:   verdict.Say("revóquelo donde se dio, y léalo de .env", "revoke it where it was given out, and read it from .env")})
	}
	committed, err := committed(ctx, door, dir)
	if err != nil {
		return nil, err
	}
	for _, name := range committed {
		all = append(all, verdict.Finding{Code: "CI-ENV-013", State: verdict.Warn, About: name, Title: title, Seen: "in the history of git",
			Cause: verdict.Say("alguna vez se subió, y su historia lo conserva", "it was committed once, and the history keeps it"),
			Fix:   verdict.Say("cambie los secretos que tenía", "change the secrets that it held")})
	}
	if len(all) == 0 {
		return none("CI-ENV-012", title, "none of a known form"), nil
	}
	return all, nil
}

func whose(match string) string {
	for _, f := range tokens() {
		if regexp.MustCompile(f.pattern).MatchString(match) {
			return f.what
		}
	}
	return "a secret"
}

// committed lists the .env files that any branch has or had, templates left out.
func committed(ctx context.Context, door *command.Door, dir string) ([]string, error) {
	out, err := door.Text(ctx, git(dir, "log", "--all", "--no-renames", "--diff-filter=A", "--format=", "--name-only", "-z", "--", ":(glob)**/.env", ":(glob)**/.env.*", ":(glob)**/env")).String()
	if err != nil {
		return nil, fmt.Errorf("look through the history of %s: %w", dir, err)
	}
	// A pathspec also fits what lies below a directory of that name.
	file := regexp.MustCompile(`^(\.env|env|\.env\..*)$`)
	template := regexp.MustCompile(`[.-](example|template|sample|dist|tmpl|test)$`)
	var names []string
	for name := range strings.SplitSeq(out, "\x00") {
		if name = strings.Trim(name, "\n"); file.MatchString(path.Base(name)) && !template.MatchString(path.Base(name)) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

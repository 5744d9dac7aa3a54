package dotenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
	"iact-infra/internal/redact"
	"iact-infra/internal/verdict"
)

// Pair is a file and the template that it is made from, as paths. A file that
// has no template has an empty one.
type Pair struct{ File, Template string }

// Find lists the pairs of a directory: .env.example, .env.template and the like
// make .env; env.example makes env; a .env without a template stands alone.
func Find(dir string) ([]Pair, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look for .env files: %w", err)
	}
	template := regexp.MustCompile(`^(\.?env(?:[.-][A-Za-z0-9_-]+)?)[.-](?:example|template|sample|dist|tmpl)$`)
	var all []Pair
	for _, e := range entries {
		found := template.FindStringSubmatch(e.Name())
		if found == nil || e.IsDir() {
			continue
		}
		file := filepath.Join(dir, found[1])
		if !slices.ContainsFunc(all, func(p Pair) bool { return p.File == file }) {
			all = append(all, Pair{File: file, Template: filepath.Join(dir, e.Name())})
		}
	}
	alone := Pair{File: filepath.Join(dir, ".env")}
	if info, err := os.Stat(alone.File); err == nil && info.Mode().IsRegular() && !slices.ContainsFunc(all, func(p Pair) bool { return p.File == alone.File }) {
		all = append(all, alone)
	}
	return all, nil
}

// Look judges a pair: the file is there, holds what the template asks for, is for
// its owner alone, and git keeps it out of commits. It only reads.
func Look(ctx context.Context, door *command.Door, p Pair) ([]verdict.Finding, error) {
	template := []byte{}
	if p.Template != "" {
		var err error
		if template, err = os.ReadFile(p.Template); err != nil {
			return nil, fmt.Errorf("read template: %w", err)
		}
	}
	text, err := read(p.File)
	if err != nil {
		return nil, fmt.Errorf("read variables: %w", err)
	}
	name := filepath.Base(p.File)
	if text == nil {
		return []verdict.Finding{{Code: "CI-ENV-001", State: verdict.Fail, About: p.File, Title: verdict.Say("Archivo de variables", "File of variables"), Seen: "missing",
			Cause: verdict.Sayf("no existe, y %s dice que hace falta", "it is not there, and %s says that it is needed", filepath.Base(p.Template)),
			Fix:   verdict.Say("mage ci:env lo crea de la plantilla", "mage ci:env makes it from the template")}}, nil
	}
	all := Judge(name, string(template), string(text))
	all = append(all, mode(p.File, text)...)
	return append(all, Ignored(ctx, door, p.File)...), nil
}

// mode: a file with secrets is read by its owner alone.
func mode(file string, text []byte) []verdict.Finding {
	info, err := os.Stat(file)
	if err != nil {
		return nil
	}
	f := verdict.Finding{Code: "CI-ENV-010", State: verdict.OK, About: filepath.Base(file), Title: verdict.Say("Permisos", "Permissions"), Seen: fmt.Sprintf("%04o", info.Mode().Perm())}
	holds := slices.ContainsFunc(Parse(string(text)), func(p Piece) bool { return redact.IsSecretName(p.Name) || strings.Contains(p.Value, "://") })
	if info.Mode().Perm()&0o077 != 0 && holds {
		f.State = verdict.Warn
		f.Cause = verdict.Say("otros usuarios de este equipo pueden leer sus secretos", "other users of this machine can read its secrets")
		f.Fix = verdict.Same("chmod 600 " + command.Quote(file))
	}
	return []verdict.Finding{f}
}

// Ignored says whether git ignores a file, which need not be there yet, and has no
// copy of it. It only reads.
func Ignored(ctx context.Context, door *command.Door, file string) []verdict.Finding {
	dir, name := filepath.Split(file)
	f := verdict.Finding{Code: "CI-ENV-011", State: verdict.OK, About: name, Title: verdict.Say("Fuera de git", "Kept out of git"), Seen: "ignored by git"}
	tracked, err := door.Text(ctx, git(dir, "ls-files", "-z", "--", name)).String()
	if err != nil {
		f.Seen = "no git repository" // nothing can be committed
		return []verdict.Finding{f}
	}
	ignored := door.Run(ctx, git(dir, "check-ignore", "-q", "--", name))
	var failed *command.Error
	switch {
	case tracked != "":
		f.State, f.Seen = verdict.Fail, "tracked by git"
		f.Cause = verdict.Say("sus secretos están en el repositorio, y quedan en su historia aunque se borre", "its secrets are in the repository, and stay in its history even when it is deleted")
		f.Fix = verdict.Sayf("git rm --cached %s; añádalo a .gitignore, y cambie los secretos", "git rm --cached %s; add it to .gitignore, and change the secrets", command.Quote(name))
	case ignored == nil:
	case errors.As(ignored, &failed) && failed.Exit == 1:
		f.State, f.Seen = verdict.Fail, "not ignored by git"
		f.Cause = verdict.Say("un git add . lo llevaría al repositorio", "a git add . would take it into the repository")
		f.Fix = verdict.Sayf("echo %s >> .gitignore", "echo %s >> .gitignore", command.Quote("/"+name))
	default:
		f.State, f.Unknown, f.Seen = verdict.Warn, true, "unknown: "+command.Reason(ignored)
		f.Cause = verdict.Say("git no contestó", "git did not answer")
		f.Fix = verdict.Same("git check-ignore -v " + command.Quote(name))
	}
	return []verdict.Finding{f}
}

// git is a reading command in a directory. It takes no lock and asks nobody.
func git(dir string, args ...string) command.Command {
	if dir == "" {
		dir = "."
	}
	c := command.Read("git", append([]string{"-C", dir, "-c", "core.fsmonitor=false"}, args...)...)
	c.Env = []string{"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0"}
	c.Timeout = 30 * time.Second
	return c
}

// none is the finding of a check that found nothing.
func none(code string, title procedure.Text, seen string) []verdict.Finding {
	return []verdict.Finding{{Code: code, State: verdict.OK, Title: title, Seen: seen}}
}

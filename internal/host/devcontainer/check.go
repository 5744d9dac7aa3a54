package devcontainer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devjson"
)

// Check judges the devcontainer.json files of a clone. config is the one that
// tools take; it is empty when there are several and none comes first.
func (p *Project) Check(ctx context.Context, dir string) (config string, found []devjson.Finding, err error) {
	script := `cd "$1" && for f in ` + strings.Join(devjson.Places(), " ") + `; do [ ! -e "$f" ] || printf '%s\n' "$f"; done`
	list, err := p.text(ctx, "sh", "-c", script, "sh", dir)
	if err != nil {
		return "", nil, fmt.Errorf("look for devcontainer.json: %w", err)
	}
	files := strings.Split(strings.TrimSpace(list), "\n")
	if files[0] == "" {
		return "", []devjson.Finding{devjson.Absent()}, nil
	}
	if len(files) == 1 || strings.Count(files[0], "/") < 2 {
		config = files[0]
	}
	look := func(file string) ([]byte, error) { return p.file(ctx, path.Join(dir, file)) }
	found = []devjson.Finding{}
	for _, file := range files {
		text, err := look(file)
		if err != nil {
			return "", nil, fmt.Errorf("read %s: %w", file, err)
		}
		found = append(found, devjson.Check(file, text, look)...)
	}
	return config, found, nil
}

// file is the text of a file there. The paths come from the project: a device or
// a pipe is not read, and no more than a settings file has.
func (p *Project) file(ctx context.Context, file string) ([]byte, error) {
	const script = `[ -e "$1" ] || exit 66; [ -f "$1" ] || { echo "$1 is no file" >&2; exit 1; }; head -c 1048576 -- "$1"`
	out, err := p.text(ctx, "sh", "-c", script, "sh", file)
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == 66 {
		return nil, fs.ErrNotExist
	}
	return []byte(out), err
}

func (p *Project) text(ctx context.Context, program string, args ...string) (string, error) {
	return p.Door.Text(ctx, command.Command{Program: program, Args: args, As: p.As, Timeout: answers}).String()
}

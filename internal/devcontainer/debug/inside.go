package debug

import (
	"archive/tar"
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/scene"
)

// What is inside of a container is read by docker cp, which needs no program in
// there and works on one that does not run.

// Limits for what is taken out of a container.
const (
	logKept  = 4 << 20  // of one log of the server, its end
	logsKept = 64 << 20 // of all of them
)

// tarOf gives each entry of a path in a container.
func (d *Desk) tarOf(ctx context.Context, c *scene.Container, from string, each func(*tar.Header, io.Reader) error) error {
	ask := d.Reads("cp", c.ID+":"+from, "-")
	ask.Timeout = time.Minute
	stream, err := d.Door.Stream(ctx, ask)
	if err != nil {
		return err
	}
	defer stream.Abort()
	for in := tar.NewReader(stream); ; {
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(head, in); err != nil {
			return err
		}
	}
}

// home is the home of a user in a container.
func (d *Desk) home(ctx context.Context, c *scene.Container, user string) string {
	user, _, _ = strings.Cut(cmp.Or(user, c.Config.User, "root"), ":")
	home := map[bool]string{true: "/root", false: "/home/" + user}[user == "root" || user == "0"]
	_ = d.tarOf(ctx, c, "/etc/passwd", func(_ *tar.Header, in io.Reader) error {
		for lines := bufio.NewScanner(in); lines.Scan(); {
			fields := strings.Split(lines.Text(), ":")
			if len(fields) > 5 && (fields[0] == user || fields[2] == user) {
				home = fields[5]
			}
		}
		return nil
	}) // without one the home is where it is as a rule
	return home
}

// lifecycle are the commands of the lifecycle by the marks that the tools leave:
// the CLI in the home of the user, and the project's own scripts in .devcontainer.
func (d *Desk) lifecycle(ctx context.Context, s *scene.Scene, c *scene.Container, home string) *source {
	var all []Entry
	_ = d.tarOf(ctx, c, path.Join(home, ".devcontainer"), func(head *tar.Header, _ io.Reader) error {
		if name, is := strings.CutSuffix(strings.TrimPrefix(path.Base(head.Name), "."), "Marker"); is {
			all = append(all, Entry{Time: head.ModTime, Line: name + " began (mark " + path.Join(home, ".devcontainer", path.Base(head.Name)) + ")"})
		}
		return nil
	}) // most containers have none
	for _, pattern := range []string{".devcontainer/.*completed*", "infrastructure/state/*completed*"} {
		marks, _ := filepath.Glob(filepath.Join(s.Workspace, pattern)) // the patterns are right
		for _, mark := range marks {
			if info, err := os.Stat(mark); err == nil {
				all = append(all, Entry{Time: info.ModTime(), Line: "mark " + strings.TrimPrefix(mark, s.Workspace+"/")})
			}
		}
	}
	return listed("lifecycle", all)
}

// listed is a source of few lines that are known.
func listed(name string, all []Entry) *source {
	slices.SortStableFunc(all, func(a, b Entry) int { return a.Time.Compare(b.Time) })
	var text strings.Builder
	for _, e := range all {
		fmt.Fprintf(&text, "%s %s\n", e.Time.Format(time.RFC3339Nano), strings.ReplaceAll(e.Line, "\n", " "))
	}
	return &source{name: name, in: strings.NewReader(text.String()), parse: stamped}
}

// server are the logs of the server of VS Code, copied to a directory: of each
// the end. They are in the time zone of the container.
func (d *Desk) server(ctx context.Context, c *scene.Container, home, dir string, since time.Time) ([]*source, error) {
	var all []*source
	left := int64(logsKept)
	err := d.tarOf(ctx, c, path.Join(home, ".vscode-server/data/logs"), func(head *tar.Header, in io.Reader) error {
		// A tar has whole seconds.
		if head.Typeflag != tar.TypeReg || !strings.HasSuffix(head.Name, ".log") || head.ModTime.Before(since.Add(-time.Second)) || left <= 0 {
			return nil
		}
		if _, err := io.CopyN(io.Discard, in, head.Size-logKept); head.Size > logKept && err != nil {
			return err
		}
		file, err := os.CreateTemp(dir, "log")
		if err != nil {
			return err
		}
		n, err := io.Copy(file, in)
		left -= n
		if _, seek := file.Seek(0, io.SeekStart); err != nil || seek != nil {
			return errors.Join(err, seek, file.Close())
		}
		name := "server " + strings.TrimSuffix(path.Base(head.Name), ".log")
		all = append(all, &source{name: name, in: file, close: file.Close, parse: byServer(zone(c))})
		return nil
	})
	if client.Gone(err) || err != nil && strings.Contains(err.Error(), "Could not find the file") {
		err = nil // there is no server
	}
	return all, err
}

// zone is the time zone of a container.
func zone(c *scene.Container) *time.Location {
	for _, line := range c.Config.Env {
		if name, is := strings.CutPrefix(line, "TZ="); is {
			if zone, err := time.LoadLocation(name); err == nil {
				return zone
			}
		}
	}
	return time.UTC
}

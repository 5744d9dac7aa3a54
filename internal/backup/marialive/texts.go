package marialive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// definitions are what a database defines beside its tables, as text. Broken
// views, which read what is not there any more, cannot be made by their text:
// it goes without them.
func (m *Server) definitions(ctx context.Context, database string) (text []byte, broken []string, err error) {
	args := []string{"--force", "--no-data", "--skip-lock-tables", "--routines", "--triggers", "--default-character-set=utf8mb4"}
	scheduler, err := row[string](ctx, m, "SELECT JSON_QUOTE(@@global.event_scheduler)")
	if err != nil {
		return nil, nil, err
	}
	if scheduler != "DISABLED" {
		args = append(args, "--events")
	}
	out, err := m.Door.Stream(ctx, m.Client("mariadb-dump", append(args, "--", database)...))
	if err != nil {
		return nil, nil, plain(err)
	}
	defer out.Abort()
	var kept, rest bytes.Buffer
	_, err = io.Copy(&rest, newSplitter(out, &kept, database, database, 0))
	if err == nil {
		err = out.Close()
	}
	var ended *command.Error
	if errors.As(err, &ended) && onlyViews(ended.Stderr) {
		err = nil
	}
	for line := range strings.Lines(rest.String()) {
		if after, ok := strings.CutPrefix(line, "-- failed on view "); ok {
			broken = append(broken, tableOf([]byte(after)))
		}
	}
	return without(kept.Bytes(), broken), broken, plain(err)
}

// onlyViews says whether broken views are all that mariadb-dump met.
func onlyViews(stderr string) bool {
	for line := range strings.Lines(stderr) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasSuffix(line, "(1356)") {
			return false
		}
	}
	return stderr != ""
}

// without leaves out the statements that make some views.
func without(text []byte, views []string) []byte {
	if len(views) == 0 {
		return text
	}
	var out, statement bytes.Buffer
	named := false
	for line := range bytes.Lines(text) {
		if statement.Len() == 0 && !bytes.HasPrefix(line, []byte("/*!50001 CREATE ALGORITHM")) {
			out.Write(line)
			continue
		}
		statement.Write(line)
		if after, ok := bytes.CutPrefix(line, []byte("/*!50001 VIEW ")); ok {
			named = slices.Contains(views, tableOf(after))
		}
		if bytes.HasSuffix(bytes.TrimSpace(line), []byte(";")) {
			if !named {
				out.Write(statement.Bytes())
			}
			statement.Reset()
			named = false
		}
	}
	return out.Bytes()
}

// keep makes a file of an exchange that survives a crash of the machine.
func (m *Server) keep(dir, name string, data []byte) error {
	if err := m.Disk.MkdirAll(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	if err := m.Disk.Write(path, data, 0o600); err != nil {
		return err
	}
	// Not the whole file system: clients may be waiting.
	return errors.Join(m.Disk.SyncPath(path), m.Disk.SyncPath(dir))
}

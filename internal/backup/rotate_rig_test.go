package backup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/config"
)

// keeps configures the rules of rotation.
func (r *rig) keeps(rules string) {
	r.t.Helper()
	path := filepath.Join(r.root, "checkout", "config", "iact.yaml")
	text, _, _ := strings.Cut(read(r.t, path), "  keep: ")
	must(r.t, os.WriteFile(path, []byte(text+"  keep: "+rules+"\n"), 0o600))
}

// craft makes the directory of a set whose number is n, with sources such as
// "db:verified", or "db:verified safety" for what a restore has saved. What is in parts is a part that the sources of these sets share.
func (r *rig) craft(n int, at string, part string, sources ...string) string {
	r.t.Helper()
	moment, err := time.Parse(time.RFC3339, at)
	must(r.t, err)
	m := &manifest.Manifest{ID: fmt.Sprintf("%s-host-%03d", moment.UTC().Format("20060102T150405Z"), n), Sequence: int64(n), Time: moment.UTC(), Host: "host"}
	state := &manifest.State{VerifiedAt: moment.UTC(), Sources: map[string]manifest.SourceState{}}
	dir := filepath.Join(r.store, m.ID)
	for _, spec := range sources {
		name, is, _ := strings.Cut(spec, ":")
		s := manifest.Source{Name: name, Kind: "files", Dir: "files-" + name, State: manifest.Written, Parts: 1}
		if before, ok := strings.CutSuffix(is, " safety"); ok {
			is, s.Detail = before, map[string]string{"safety": "before a restore"}
		}
		if is == manifest.Failed {
			m.Sources = append(m.Sources, manifest.Source{Name: name, Kind: "files", State: is})
			continue
		}
		must(r.t, os.MkdirAll(filepath.Join(dir, s.Dir), 0o700))
		hash := manifest.Sum([]byte(part))
		list, err := manifest.EncodeParts([]manifest.Part{{Number: 1, Hash: hash, Plain: hash, Size: int64(len(part)), PlainSize: int64(len(part))}})
		must(r.t, err)
		s.List = manifest.Sum(list)
		must(r.t, os.WriteFile(filepath.Join(dir, s.Dir, manifest.PartsFile), list, 0o400))
		m.Sources = append(m.Sources, s)
		switch is {
		case manifest.Written:
		case manifest.Damaged:
			state.Sources[name] = manifest.SourceState{State: is, Findings: []manifest.Finding{{Source: name, Problem: "bad", Hash: &hash}}}
		default:
			state.Sources[name] = manifest.SourceState{State: is}
		}
	}
	must(r.t, os.MkdirAll(dir, 0o700))
	data, err := manifest.Encode(m)
	must(r.t, err)
	must(r.t, os.WriteFile(filepath.Join(dir, manifest.File), data, 0o400))
	data, err = manifest.EncodeState(state)
	must(r.t, err)
	must(r.t, os.WriteFile(filepath.Join(dir, manifest.StateFile), data, 0o600))
	return m.ID
}

// becomes changes the kind of the sources of a set.
func (r *rig) becomes(id, kind string) {
	r.t.Helper()
	path := filepath.Join(r.store, id, manifest.File)
	m, err := manifest.Decode([]byte(read(r.t, path)))
	must(r.t, err)
	for i := range m.Sources {
		m.Sources[i].Kind = kind
	}
	data, err := manifest.Encode(m)
	must(r.t, err)
	must(r.t, os.Chmod(path, 0o600))
	must(r.t, os.WriteFile(path, data, 0o600))
}

// room is the backup room of this process, with a clock that stands.
func (r *rig) room(now string) *backup.Room {
	r.t.Helper()
	at, err := time.Parse(time.RFC3339, now)
	must(r.t, err)
	return backup.New(backup.Options{
		Config: func() (*config.Config, error) {
			return config.Load(config.Options{Root: filepath.Join(r.root, "checkout"), Getenv: func(string) string { return "" }})
		},
		Now: func() time.Time { return at },
	})
}

// decided is what rotation would do: of each set its number and why it stays.
func (r *rig) decided(now string) string {
	r.t.Helper()
	decided, err := r.room(now).Rotate(r.t.Context())
	must(r.t, err)
	var lines []string
	number := func(id string) string { return strings.TrimLeft(id[strings.LastIndex(id, "-")+1:], "0") }
	for _, k := range decided.Keep {
		lines = append(lines, number(k.ID)+" "+strings.Join(k.Reasons, "; "))
	}
	for _, gone := range decided.Remove {
		lines = append(lines, number(gone.ID))
	}
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(b, a) })
	return strings.Join(lines, "\n")
}

func same(t testing.TB, have, want string) {
	t.Helper()
	if have != want {
		t.Errorf("got\n%s\nwant\n%s", have, want)
	}
}

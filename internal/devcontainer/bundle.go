package devcontainer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/devcontainer/bundle"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// bundleTarget packs a support archive.
const bundleTarget = "devcontainer:bundle"

// bundlePathKey is where the archive is, noted before it is there.
const bundlePathKey = "bundle"

// pack is devcontainer:bundle -to=FILE.tar.zst.
func (r *Room) pack(ctx context.Context, w *procedure.Work) error {
	path, err := r.bundlePath()
	if err != nil {
		return err
	}
	if err := w.Record(bundlePathKey, path); err != nil {
		return err
	}
	examined, _, err := r.examine(ctx, w, bundleTarget, checks(""))
	if err != nil {
		return err
	}
	examined.All = true
	own, err := told(examined, r.o.Version)
	if err != nil {
		return err
	}
	s, _, err := r.scene(ctx, w)
	if err != nil {
		return err
	}
	entries, secrets, err := bundle.Gather(ctx, s, own...)
	if err != nil {
		return err
	}
	done, err := bundle.Write(path, entries, secrets, r.o.Now())
	if err != nil {
		return err
	}
	w.Publish(done, func(to io.Writer) {
		fmt.Fprintf(to, "%s  %s, %d files, %d places redacted\n", done.Path, report.Bytes(done.Size), len(done.Entries), done.Hidden)
	})
	return nil
}

// planPack is what pack amounts to.
func (r *Room) planPack(context.Context, *procedure.Work) ([]string, error) {
	path, err := r.bundlePath()
	if err != nil {
		return nil, err
	}
	return []string{"tar --zstd -cf " + path + " findings.txt machine.txt inside.txt engine containers workspace  # secrets as ***"}, nil
}

// bundlePath is where the archive goes. What is there already is never
// overwritten.
func (r *Room) bundlePath() (string, error) {
	r.mu.Lock()
	path := r.pick.To
	r.mu.Unlock()
	if path == "" {
		here, err := os.Getwd()
		if err != nil {
			return "", err
		}
		path = filepath.Join(here, "devcontainer-"+r.o.Now().UTC().Format("20060102T150405Z")+".tar.zst")
	}
	if !strings.HasSuffix(path, ".tar.zst") {
		return "", fault.New(fault.Usage, "-to=FILE.tar.zst", fmt.Errorf("write bundle: %s is no name of one", path))
	}
	if _, err := os.Lstat(path); err == nil {
		return "", fault.New(fault.Usage, "-to=FILE.tar.zst names another file", fmt.Errorf("write bundle: %s is there already", path))
	}
	return path, nil
}

// told are the findings as entries.
func told(examined doctor.Report, version string) ([]bundle.Entry, error) {
	asJSON, err := json.MarshalIndent(examined, "", "  ")
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := examined.Write(&text); err != nil {
		return nil, err
	}
	readme := "A support archive of devcontainer:bundle, toolkit " + version + ".\n" +
		"findings.txt says what is wrong, the root cause first. What looked like a secret, and every value that a\n" +
		"variable with such a name has, is ***. Look through it before you give it away.\n"
	return []bundle.Entry{{Name: "README.txt", Text: readme}, {Name: "findings.txt", Text: text.String()}, {Name: "findings.json", Text: string(asJSON)}}, nil
}

// packed proves that the archive is there: it was read again before it got its
// name.
func (r *Room) packed(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	result := w.Published()
	if result == nil {
		return "", errors.New("nothing was packed")
	}
	done, is := result.Value.(bundle.Bundle)
	if !is {
		return "", errors.New("nothing was packed")
	}
	info, err := os.Stat(done.Path)
	switch {
	case err != nil:
		return "", err
	case info.Size() != done.Size || info.Mode().Perm() != 0o600:
		return "", fmt.Errorf("%s has %d bytes and mode %o", done.Path, info.Size(), info.Mode().Perm())
	}
	return procedure.Evidence(fmt.Sprintf("%s, read again", report.Bytes(done.Size))), nil
}

// unpack takes the archive away.
func (r *Room) unpack(_ context.Context, w *procedure.Work) error {
	var path string
	found, err := w.Recall(bundlePathKey, &path)
	if err != nil {
		return err
	}
	if !found {
		return procedure.ErrNothingToUndo
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (r *Room) unpacked(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var path string
	if _, err := w.Recall(bundlePathKey, &path); err != nil {
		return "", err
	}
	if _, err := os.Lstat(path); err == nil {
		return "", fmt.Errorf("%s is still there", path)
	}
	return "the archive is gone", nil
}

package detect

import (
	"encoding/json"
	"io"
	"io/fs"
	"path"
	"slices"
)

// tree reads a project.
type tree struct{ fs fs.FS }

// largest is how much is read of a file: a manifest is far below it.
const largest = 4 << 20

// list names what is in a directory, in order; a directory has a / behind it.
func (t tree) list(dir string) ([]string, error) {
	entries, err := fs.ReadDir(t.fs, dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name()+"/")
			continue
		}
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names, nil
}

// read gives the text of a plain file, "" when there is none. A pipe, a device or
// a file without an end is none.
func (t tree) read(name ...string) string {
	file := path.Join(name...)
	info, err := fs.Stat(t.fs, file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > largest {
		return ""
	}
	f, err := t.fs.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largest))
	if err != nil {
		return ""
	}
	return string(data)
}

func (t tree) is(name ...string) bool {
	_, err := fs.Stat(t.fs, path.Join(name...))
	return err == nil
}

// json reads a file that may have the mark of Windows in front.
func (t tree) json(to any, name ...string) error {
	text := t.read(name...)
	if len(text) >= 3 && text[:3] == "\ufeff" {
		text = text[3:]
	}
	return json.Unmarshal([]byte(text), to)
}

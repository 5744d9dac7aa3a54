package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// IDs names the runs that have a journal in dir, the newest first. Ids tell the
// second; only the journals of runs that began in the same one are opened.
func IDs(dir string) ([]string, error) {
	files, err := paths(dir)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(files))
	for i, path := range files {
		ids[i] = strings.TrimSuffix(filepath.Base(path), suffix)
	}
	for from := 0; from < len(ids); {
		to := from + 1
		for to < len(ids) && second(ids[to]) == second(ids[from]) {
			to++
		}
		if to-from > 1 {
			sortByStart(dir, ids[from:to])
		}
		from = to
	}
	return ids, nil
}

// second is the part of an id that tells the time.
func second(id string) string {
	moment, _, _ := strings.Cut(id, "-")
	return moment
}

func sortByStart(dir string, ids []string) {
	began := make(map[string]time.Time, len(ids))
	for _, id := range ids {
		// What cannot be read counts as old.
		if h, err := ReadHeader(Path(dir, id)); err == nil {
			began[id] = h.Started
		}
	}
	slices.SortStableFunc(ids, func(a, b string) int { return began[b].Compare(began[a]) })
}

// Path is the journal of a run in dir.
func Path(dir, run string) string { return filepath.Join(dir, run+suffix) }

// ReadHeader reads the first line of a journal alone.
func ReadHeader(path string) (Header, error) {
	text, err := firstLine(path)
	if err != nil {
		return Header{}, fmt.Errorf("read journal %s: %w", path, cause(err))
	}
	begin, err := parse(text)
	if err == nil && begin.Header == nil {
		err = fmt.Errorf("a journal has %q first and only there", Begin)
	}
	if err != nil {
		return Header{}, fmt.Errorf("read journal %s: line 1: %w", path, err)
	}
	return *begin.Header, nil
}

// AskedFor is what a run was asked for, by the first line of its journal; nothing
// for the rollback of another run.
func AskedFor(path string) []string {
	text, err := firstLine(path)
	if err != nil {
		return nil
	}
	// The rest of a header is large, and a thousand of them may be looked at.
	var begin struct {
		Header struct {
			Args    []string `json:"args"`
			Targets []string `json:"targets"`
			Undoes  string   `json:"undoes"`
		} `json:"header"`
	}
	if err := json.Unmarshal(text, &begin); err != nil || begin.Header.Undoes != "" {
		return nil
	}
	return Header{Args: begin.Header.Args, Targets: begin.Header.Targets}.Asked()
}

// Mentions tells whether a journal may speak of one of the procedures, without
// decoding it. Of one that cannot be read, nobody knows.
func Mentions(path string, procedures []string) bool {
	data, err := os.ReadFile(path)
	return err != nil || slices.ContainsFunc(procedures, func(code string) bool { return bytes.Contains(data, []byte(`"`+code+`"`)) })
}

// EndedWell tells whether the last line of a journal says that the run did all
// that it was asked for. Nothing else of it is read; false means that Read has
// to tell.
func EndedWell(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false
	}
	const enough = 2 << 10
	tail := make([]byte, min(info.Size(), enough))
	if _, err := file.ReadAt(tail, info.Size()-int64(len(tail))); err != nil {
		return false
	}
	text, whole := bytes.CutSuffix(tail, []byte("\n"))
	last, err := parse(text[bytes.LastIndexByte(text, '\n')+1:])
	return whole && err == nil && last.Event == End && (last.Outcome == OK || last.Outcome == Skipped)
}

// firstLine reads no more than it has to.
func firstLine(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := bufio.NewReader(file).ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return bytes.TrimSuffix(text, []byte("\n")), err
}

// Nearest is the id that a person most likely meant by a wrong one, or the
// newest when none is near; "" when there is none at all. Ids are the newest
// first.
func Nearest(id string, ids []string) string {
	const looked = 2000
	best, least := "", 1+len(id)
	for _, known := range ids[:min(len(ids), looked)] {
		// A beginning is compared with beginnings.
		if d := distance(id, known[:min(len(known), max(len(id), 1))]); d < least {
			best, least = known, d
		}
	}
	if best == "" && len(ids) > 0 {
		return ids[0]
	}
	return best
}

// distance counts the letters to put in, leave out or change, as Levenshtein did.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

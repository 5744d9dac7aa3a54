package runner

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/ci/lenient"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/report"
	"iact-infra/internal/whole"
)

// tailSize is how much of a log is shown of a failed job.
const tailSize = 16 << 10

// settle adds what a job wrote to its log, without the secrets that are known.
func (r *Runner) settle(raw, log string) (err error) {
	in, err := os.Open(raw)
	if errors.Is(err, os.ErrNotExist) {
		return nil // the shell was never started
	}
	if err != nil {
		return fmt.Errorf("keep its log: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep its log: %w", err)
	}
	_, err = r.copy(out, in)
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Remove(raw)
	}
	if err != nil {
		return fmt.Errorf("keep its log: %w", err)
	}
	return nil
}

// masked takes the secrets that are known out of the reports that a job has
// written: they are kept, shown and shared. What is no text stays as it is.
func (r *Runner) masked(job pipeline.Job) error {
	dir := filepath.Join(r.o.Project, job.ReportsDir())
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return r.mask(name)
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("take secrets out of its reports: %w", err)
	}
	return nil
}

func (r *Runner) mask(name string) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	begin := make([]byte, 4<<10)
	n, _ := io.ReadFull(in, begin)
	if bytes.IndexByte(begin[:n], 0) >= 0 {
		return nil
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if found, err := r.copy(io.Discard, in); err != nil || !found {
		return err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return whole.Write(name, 0o600, func(out io.Writer) error {
		_, err := r.copy(out, in)
		return err
	})
}

// copy copies text without the secrets that are known, and tells whether there
// were any. A line that is longer than what is held at once is cut between words.
func (r *Runner) copy(to io.Writer, from io.Reader) (found bool, err error) {
	out := bufio.NewWriterSize(to, 64<<10)
	defer func() { err = errors.Join(err, out.Flush()) }()
	lines := bufio.NewReaderSize(from, 256<<10)
	for {
		begin, full := lines.Peek(lines.Size())
		n := bytes.LastIndexByte(begin, '\n') + 1
		if full == nil && n == 0 {
			n = bytes.LastIndexAny(begin, ` ",<>`) + 1
		}
		if full != nil || n == 0 {
			n = len(begin)
		}
		if text := string(begin[:n]); n > 0 {
			clean := r.o.Redact.Known(text)
			found = found || clean != text
			if _, err := out.WriteString(clean); err != nil {
				return found, err
			}
			_, _ = lines.Discard(n)
		}
		switch {
		case errors.Is(full, io.EOF):
			return found, nil
		case full != nil:
			return found, full
		}
	}
}

// tail is the end of a log, for people.
func (r *Runner) tail(log string) string {
	f, err := os.Open(log)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > tailSize {
		_, _ = f.Seek(-tailSize, io.SeekEnd)
	}
	text, _ := io.ReadAll(io.LimitReader(f, tailSize))
	if len(text) == tailSize {
		_, after, _ := bytes.Cut(text, []byte("\n")) // the first line is half
		text = after
	}
	var lines []string
	for line := range strings.Lines(r.o.Redact.Text(lenient.Plain(string(text)))) {
		line = strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), "\r\n ")
		text := strings.TrimLeft(line, " ")
		lines = append(lines, line[:len(line)-len(text)]+report.Clean(text))
	}
	return strings.Join(lines, "\n")
}

// lastLine is the last line of a log that says something. Where npm keeps a log
// of its own says nothing.
func (r *Runner) lastLine(log string) string {
	for _, line := range slices.Backward(strings.Split(r.tail(log), "\n")) {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, "A complete log of this run can be found in") {
			return line
		}
	}
	return "it wrote nothing"
}

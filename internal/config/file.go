package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"iact-infra/internal/fault"
)

// file is one configuration file that was found.
type file struct {
	name string // as it is shown
	base string // what its relative paths are relative to
	data []byte
}

// maxSize is far above any real file; more is a wrong file.
const maxSize = 1 << 20

// findFiles reads the files that count, the weaker one first. A default file
// may be missing; the one that IACT_CONFIG names may not.
func findFiles(root, named string, draft map[string][]byte) ([]file, error) {
	if named != "" {
		abs, err := filepath.Abs(named)
		if err != nil {
			return nil, fault.New(fault.Usage, "", err)
		}
		data, err := readLimited(abs, draft)
		if err != nil {
			return nil, fault.New(fault.Usage, "set IACT_CONFIG to a configuration file, or unset it",
				fmt.Errorf("read configuration: IACT_CONFIG=%s: %w", named, cause(err)))
		}
		return []file{{named, filepath.Dir(abs), data}}, nil
	}
	var files []file
	for _, name := range []string{"config/iact.yaml", "config/iact.local.yaml"} {
		data, err := readLimited(filepath.Join(root, name), draft)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fault.New(fault.Usage, "", fmt.Errorf("read configuration: %s: %w", name, cause(err)))
		}
		files = append(files, file{name, root, data})
	}
	return files, nil
}

// readLimited reads at most one byte more than maxSize.
func readLimited(path string, draft map[string][]byte) ([]byte, error) {
	if text, is := draft[path]; is {
		return text, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSize+1))
}

// cause drops the operation and the path from an error whose text names the
// file already.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// parse returns the root node of the one document in data; nil when there is
// nothing but comments. Its error is a Problem without file and layer.
func parse(data []byte) (*yaml.Node, *Problem) {
	if len(data) > maxSize {
		return nil, &Problem{Line: 1, Col: 1, What: "more than 1 MiB", Rule: "this is no configuration file"}
	}
	if !utf8.Valid(data) {
		return nil, &Problem{Line: firstInvalid(data), Col: 1, What: "not UTF-8 text", Rule: "save the file as UTF-8"}
	}
	var document, second yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(data))
	err := documents.Decode(&document)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err == nil {
		err = documents.Decode(&second)
		if errors.Is(err, io.EOF) {
			return document.Content[0], nil // a document always holds one node
		}
	}
	if err == nil {
		return nil, &Problem{Line: second.Line, Col: second.Column, What: "a second document starts here", Rule: "a configuration file holds one"}
	}
	return nil, syntaxProblem(data, err)
}

func firstInvalid(data []byte) int {
	line := 1
	for l := range bytes.Lines(data) {
		if !utf8.Valid(l) {
			return line
		}
		line++
	}
	return line
}

// syntaxProblem says where the text stops being YAML. The parser's own line is
// that of the surrounding block, one too low, or missing; so the line is the
// first one that the parser cannot get past.
func syntaxProblem(data []byte, err error) *Problem {
	where := regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	p := &Problem{Line: 1, Col: 1, What: "not YAML: " + oneLine(where.ReplaceAllString(err.Error(), "")),
		Rule: "check indentation, quotes and brackets there"}
	if found := where.FindStringSubmatch(err.Error()); found != nil && found[1] != "" {
		p.Line, _ = strconv.Atoi(found[1])
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	size := len(data)
	for n, work := len(lines), 0; n > 0 && work < 16*maxSize; n-- {
		size -= len(lines[n-1])
		work += size
		if size == 0 || parses(data[:size]) {
			p.Line = n
			break
		}
	}
	line := lines[min(max(p.Line, 1), len(lines))-1]
	if indent := len(line) - len(bytes.TrimLeft(line, " \t")); bytes.ContainsRune(line[:indent], '\t') {
		p.What, p.Rule = "a tab in the indentation", "YAML is indented with spaces"
	}
	return p
}

// parses reports whether data is whole YAML.
func parses(data []byte) bool {
	documents := yaml.NewDecoder(bytes.NewReader(data))
	for {
		if err := documents.Decode(new(yaml.Node)); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

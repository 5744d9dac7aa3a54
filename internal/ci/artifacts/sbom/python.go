package sbom

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/fault"
)

// Python reads the packages that are installed in a venv. Their archives' hashes
// are known only where pip noted them; none is made up.
func Python(venv string) ([]Part, error) {
	found, err := filepath.Glob(filepath.Join(venv, "lib", "python3*", "site-packages", "*.dist-info", "METADATA"))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.New(fault.Missing, "install the dependencies first: ci:deps", fmt.Errorf("list packages of %s: there are none", venv))
	}
	var parts []Part
	for _, file := range found {
		p, err := dist(file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func dist(file string) (Part, error) {
	in, err := os.Open(file)
	if err != nil {
		return Part{}, err
	}
	defer in.Close()
	// The form of a mail's head; what follows the first empty line is a description.
	head, bad := textproto.NewReader(bufio.NewReader(in)).ReadMIMEHeader()
	if head.Get("Name") == "" || head.Get("Version") == "" {
		if errors.Is(bad, io.EOF) { // it only ends early, and has said what it has to
			bad = nil
		}
		return Part{}, errors.Join(errors.New("it names no package and version"), bad)
	}
	return Part{Name: head.Get("Name"), Version: head.Get("Version"), Kind: "pypi", Licence: pythonLicence(head), Hashes: noted(file)}, nil
}

// pythonLicence takes the newest way to say it that a package uses. The old field
// may hold the whole text of a licence.
func pythonLicence(head textproto.MIMEHeader) string {
	if expression := head.Get("License-Expression"); expression != "" {
		return expression
	}
	if text := head.Get("License"); text != "" && text != "UNKNOWN" && len(text) < 60 {
		return text
	}
	for _, line := range head.Values("Classifier") {
		if rest, is := strings.CutPrefix(line, "License :: "); is {
			return strings.TrimLeft(rest[strings.LastIndex(rest, "::")+1:], ": ")
		}
	}
	return ""
}

// noted is the hash that pip notes of an archive that was installed by its address.
func noted(metadata string) []Hash {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(metadata), "direct_url.json"))
	if err != nil {
		return nil
	}
	var direct struct {
		Archive struct{ Hashes map[string]string } `json:"archive_info"`
	}
	if err := json.Unmarshal(text, &direct); err != nil || direct.Archive.Hashes["sha256"] == "" {
		return nil
	}
	return []Hash{{"SHA-256", direct.Archive.Hashes["sha256"]}}
}

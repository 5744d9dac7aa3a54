package config

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/fault"
)

// FindRoot returns the checkout of this toolkit: the one that IACT_DIR names,
// else the nearest of workdir and its parents.
func FindRoot(getenv func(string) string, workdir string) (string, error) {
	if named := getenv("IACT_DIR"); named != "" {
		dir := named
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(workdir, dir)
		}
		if !isCheckout(dir) {
			return "", fault.New(fault.Usage, "set IACT_DIR to the checkout, or unset it and work inside the checkout",
				fmt.Errorf("find checkout: IACT_DIR=%s is not a checkout of iact-infra (%s)", named, marks))
		}
		return filepath.Clean(dir), nil
	}
	start, err := filepath.Abs(workdir)
	if err != nil {
		return "", fault.New(fault.Usage, "", fmt.Errorf("find checkout: %w", err))
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if isCheckout(dir) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fault.New(fault.Usage, "change into the checkout, or set IACT_DIR to it",
				fmt.Errorf("find checkout: neither %s nor a directory above it is a checkout of iact-infra (%s)", start, marks))
		}
	}
}

// marks is how a checkout is recognised, for error texts.
const marks = "no go.mod of module iact-infra and no config/iact.yaml there"

func isCheckout(dir string) bool {
	if info, err := os.Stat(filepath.Join(dir, "config", "iact.yaml")); err == nil && info.Mode().IsRegular() {
		return true
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && moduleName(mod) == "iact-infra"
}

// moduleName returns the module that a go.mod declares.
func moduleName(mod []byte) string {
	lines := bufio.NewScanner(bytes.NewReader(mod))
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "//")
		if words := strings.Fields(line); len(words) == 2 && words[0] == "module" {
			return strings.Trim(words[1], "\"`")
		}
	}
	return ""
}

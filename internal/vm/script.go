package vm

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Script is the provisioning script of the toolkit at root, whole: scripts/bootstrap.sh
// with the text of its parts in place of the lines that read them, since Vagrant
// uploads one file alone.
func Script(root string) (string, error) {
	dir := filepath.Join(root, "scripts")
	text, err := plain(filepath.Join(dir, bootstrapName))
	if err != nil {
		return "", err
	}
	lines := regexp.MustCompile(`(?ms)^# parts: .*^# end of parts\n`).FindString(text)
	var parts strings.Builder
	for _, found := range regexp.MustCompile(`(?m)^\. "\$parts/(.+)"$`).FindAllStringSubmatch(lines, -1) {
		part, err := plain(filepath.Join(dir, "bootstrap", found[1]))
		if err != nil {
			return "", err
		}
		_, part, _ = strings.Cut(part, "\n\n") // without what it says of itself
		parts.WriteString(part + "\n")
	}
	if parts.Len() == 0 {
		return "", fmt.Errorf("read %s: it does not say where its parts go", filepath.Join(dir, bootstrapName))
	}
	return strings.Replace(text, lines, strings.TrimSuffix(parts.String(), "\n"), 1), nil
}

// plain is a text; a checkout on Windows may have turned its lines.
func plain(path string) (string, error) {
	text, err := os.ReadFile(path)
	return strings.ReplaceAll(string(text), "\r\n", "\n"), err
}

package image

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// Bases are the images that the Dockerfile of a directory builds upon or copies
// from, sorted. One whose name is put together by variables is among them as it
// stands there.
func Bases(dir string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		return nil, err
	}
	joined := regexp.MustCompile("\\\\[ \t]*\r?\n").ReplaceAllString(string(text), " ")
	stages := []string{"scratch"}
	var bases []string
	take := func(name string) {
		if name != "" && !slices.Contains(stages, strings.ToLower(name)) && !regexp.MustCompile(`^[0-9]+$`).MatchString(name) {
			bases = append(bases, name)
		}
	}
	for line := range strings.Lines(joined) {
		if _, syntax, is := strings.Cut(line, "syntax="); is && strings.HasPrefix(line, "#") {
			take(strings.TrimSpace(syntax))
		}
		for _, from := range regexp.MustCompile(`(?:--from=|[,=]from=)([^\s,]+)`).FindAllStringSubmatch(line, -1) {
			take(from[1])
		}
		words := strings.Fields(line)
		if len(words) < 2 || !strings.EqualFold(words[0], "FROM") {
			continue
		}
		words = slices.DeleteFunc(words[1:], func(word string) bool { return strings.HasPrefix(word, "--") })
		if len(words) > 0 {
			take(words[0])
		}
		if len(words) > 2 && strings.EqualFold(words[1], "AS") {
			stages = append(stages, strings.ToLower(words[2]))
		}
	}
	slices.Sort(bases)
	return slices.Compact(bases), nil
}

// Standing is what a base stands for: the image that the daemon has by its name, or
// its digest where the name holds one. Of any other the registry decides, and may do
// so differently tomorrow: then it is the day.
func Standing(ctx context.Context, door *command.Door, base string, now time.Time) string {
	if _, digest, fixed := strings.Cut(base, "@sha256:"); fixed {
		return digest
	}
	if id := ID(ctx, door, base); id != "" {
		return id
	}
	return now.UTC().Format(time.DateOnly)
}

// ID is the image that the daemon has under a name, "" when there is none, or no
// daemon that answers.
func ID(ctx context.Context, door *command.Door, name string) string {
	ask := command.Read("docker", "image", "inspect", "--format", "{{.Id}}", "--", name)
	ask.Timeout = time.Minute
	out, err := door.Text(ctx, ask).String()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(out)
}

package findings

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/ci/place"
)

// printAll gives each finding its print: of the tool, the rule, the file, the
// message without its numbers, and the text of the line that it is about. The
// number of the line is no part of it, so that a line added above does not make
// all findings below new; of those that would have one print, each has the
// ordinal of its place in the file as well.
func printAll(found []Finding, at place.Place) {
	numbers := regexp.MustCompile(`\d+`)
	text := texts(found, at)
	ordinals := map[string]int{}
	order := make([]int, len(found))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(found[a].Line, found[b].Line), cmp.Compare(found[a].Column, found[b].Column))
	})
	for _, i := range order {
		f := &found[i]
		message := numbers.ReplaceAllString(strings.Join(strings.Fields(f.Message), " "), "#")
		if at.Project != "" {
			message = strings.ReplaceAll(message, filepath.ToSlash(at.Project), ".")
		}
		same := strings.Join([]string{f.Tool, f.Rule, f.Path, message, text[spot{f.Path, f.Line}]}, "\x00")
		ordinals[same]++
		sum := sha256.Sum256([]byte(same + "\x00" + strconv.Itoa(ordinals[same])))
		f.Print = hex.EncodeToString(sum[:12])
	}
}

// spot is a line of a file.
type spot struct {
	path string
	line int
}

// texts are the lines that findings are about, each file read once. What cannot
// be read has no text.
func texts(found []Finding, at place.Place) map[spot]string {
	wanted := map[string]map[int]bool{}
	for _, f := range found {
		if f.Line > 0 && f.Path != "" && !path.IsAbs(f.Path) && at.Project != "" {
			if wanted[f.Path] == nil {
				wanted[f.Path] = map[int]bool{}
			}
			wanted[f.Path][f.Line] = true
		}
	}
	text := map[spot]string{}
	for name, lines := range wanted {
		if !at.Exists(name) {
			continue
		}
		f, err := os.Open(filepath.Join(at.Project, filepath.FromSlash(name)))
		if err != nil {
			continue
		}
		// The text of a huge generated file is not worth its reading.
		read(io.LimitReader(f, 16<<20), func(number int, line string) {
			if lines[number] {
				text[spot{name, number}] = strings.Join(strings.Fields(line), " ")
			}
		})
		_ = f.Close() // nothing was written
	}
	return text
}

// read calls each with the beginning of every line.
func read(in io.Reader, each func(number int, line string)) {
	buffered := bufio.NewReaderSize(in, 4<<10)
	for number := 1; ; number++ {
		line, cut, err := buffered.ReadLine()
		if err != nil {
			return
		}
		each(number, string(line))
		for cut && err == nil {
			_, cut, err = buffered.ReadLine()
		}
	}
}

package manifest_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup/manifest"
)

func parts() []manifest.Part {
	index := manifest.Sum([]byte("index"))
	return []manifest.Part{
		{Number: 1, Hash: manifest.Sum([]byte("1")), Size: 10, Plain: manifest.Sum([]byte("plain 1")), PlainSize: 100, Index: &index, Tail: 1},
		{Number: 2, Hash: manifest.Sum([]byte("2")), Size: 20, Plain: manifest.Sum(nil), ReadAt: time.Date(2026, 11, 23, 0, 0, 0, 5, time.UTC)},
	}
}

func TestAListOfPartsComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	for _, want := range [][]manifest.Part{nil, parts()[1:][:0], parts()} {
		data, err := manifest.EncodeParts(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := manifest.DecodeParts(data)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("came back as %+v, written was %+v", got, want)
		}
		if bytes.Count(data, []byte("\n")) != len(want) {
			t.Errorf("%d parts are not %d lines: %q", len(want), len(want), data)
		}
	}
}

func TestAListOfPartsThatCannotBeRightIsRefused(t *testing.T) {
	t.Parallel()
	line := func(n int, more string) string { return fmt.Sprintf(`{"n":%d%s}`, n, more) }
	for name, test := range map[string]struct{ text, want string }{
		"begins at 2":           {line(2, ""), "line 1"},
		"begins at 0":           {line(0, ""), "line 1"},
		"gap":                   {line(1, "") + "\n" + line(3, ""), "line 2"},
		"twice the same":        {line(1, "") + "\n" + line(1, ""), "line 2"},
		"empty line":            {line(1, "") + "\n\n" + line(2, ""), "line 2"},
		"negative size":         {line(1, `,"size_bytes":-1`), "line 1"},
		"negative plain":        {line(1, `,"plain_bytes":-1`), "line 1"},
		"negative tail":         {line(1, `,"tail":-1`), "line 1"},
		"tail past the end":     {line(1, `,"tail":2`) + "\n" + line(2, ""), "line 1"},
		"tail of the last":      {line(1, "") + "\n" + line(2, `,"tail":1`), "line 2"},
		"tail beyond all":       {line(1, "") + "\n" + line(2, `,"tail":9223372036854775807`), "line 2"},
		"bad hash":              {line(1, `,"sha256":"xyz"`), "line 1"},
		"hash a digit short":    {line(1, `,"idx":"`+strings.Repeat("a", 63)+`"`), "line 1"},
		"torn line":             {line(1, "") + "\n" + `{"n":2,"sha`, "line 2"},
		"line without an end":   {line(1, "") + "\n" + strings.Repeat(" ", 1<<17), manifest.PartsFile},
		"two objects on a line": {line(1, "") + line(2, ""), "line 1"},
	} {
		if got, err := manifest.DecodeParts([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %+v, error %v, want one that says %q", name, got, err, test.want)
		}
	}
}

func TestPartsSortByNameAsByNumber(t *testing.T) {
	t.Parallel()
	last := ""
	for _, n := range []int{1, 2, 9, 10, 99, 100, 1234567, 99999999} {
		if name := manifest.PartName(n); name <= last || len(name) != len("00000001.zst") {
			t.Errorf("part %d is named %s, after %s", n, name, last)
		} else {
			last = name
		}
	}
	if got := manifest.PartName(1) + " " + manifest.IndexName(1); got != "00000001.zst 00000001.idx" {
		t.Errorf("the first part and its index are named %s", got)
	}
}

func FuzzDecodePartsNeverPanics(f *testing.F) {
	data, err := manifest.EncodeParts(parts())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, s := range []string{"", "\n", "null", `{"n":1}`, `{"n":1,"tail":9223372036854775807}`, `{"n":1,"idx":null,"read_at":"x"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := manifest.DecodeParts(data)
		for i, p := range got {
			if err == nil && (p.Number != i+1 || p.Tail < 0 || p.Tail > len(got)-1-i) {
				t.Errorf("%q: part %d of %d is %+v", data, i, len(got), p)
			}
		}
	})
}

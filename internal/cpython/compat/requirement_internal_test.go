package compat

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestARequirementIsReadAsPipReadsIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Django>=5.2,<5.3":                      "django >=5.2,<5.3  ",
		"psycopg2-binary":                       "psycopg2-binary   ",
		"Foo.Bar__baz ~= 1.0":                   "foo-bar-baz ~=1.0  ",
		"uvicorn[standard, http2] == 0.30.*":    "uvicorn ==0.30.*  ",
		"a (>=1, !=1.5)":                        "a >=1,!=1.5  ",
		"a===2004d":                             "a ===2004d  ",
		"a>=1,":                                 "a >=1  ",
		`tomli>=1 ; python_version < "3.11"`:    `tomli >=1 python_version < "3.11" `,
		`x;os_name=="nt"`:                       `x  os_name=="nt" `,
		"pip @ https://e.org/p;v=1.zip ; a < b": "pip  a < b https://e.org/p;v=1.zip",
		"git+https://e.org/r.git@main#egg=My_Thing&subdirectory=x": "my-thing   git+https://e.org/r.git@main#egg=My_Thing&subdirectory=x",
		"./wheels/some_dist-1.0-py3-none-any.whl":                  "some-dist   ./wheels/some_dist-1.0-py3-none-any.whl",
		".": "   .",
	} {
		got, err := parseRequirement(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if said := fmt.Sprintf("%s %s %s %s", got.Name, got.Spec, got.Marker, got.URL); said != want {
			t.Errorf("%s: got %q, want %q", text, said, want)
		}
	}
}

func TestALineThatIsNoRequirementIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "-", "!", "a b", "a == ", "a 1.0", "a >= 1 2", "a >> 1", "a (>=1", "a[x", "a[;]", "a @", "a @ u v", "a\x00b", "a==1\x1b[2J", "$(reboot)", "a; rm -rf /\x07", "a==$(x)", "=1", "_a", "a=1",
	} {
		if got, err := parseRequirement(text); err == nil && text != "a==$(x)" {
			t.Errorf("%q was taken as %+v", text, got)
		} else if err != nil && !strings.HasPrefix(err.Error(), "read requirement") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzARequirementHasANameThatPipKnows(f *testing.F) {
	for _, seed := range []string{"Django>=5.2,<5.3", "a[b,c]==1; x", "a @ u ; m", "git+ssh://x#egg=y", "./a-1-b.whl", "-e .", "a (>=1)", "\\", "é", "a\n b", "a==1 --hash=sha256:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseRequirement(text)
		if err != nil {
			return
		}
		if got.Name == "" && got.URL == "" {
			t.Errorf("%q is nothing", text)
		}
		if strings.ContainsFunc(got.Name, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", r) }) || strings.HasPrefix(got.Name, "-") {
			t.Errorf("%q has the name %q", text, got.Name)
		}
		if strings.ContainsAny(got.Spec, " ;'\"\n") {
			t.Errorf("%q has the versions %q", text, got.Spec)
		}
	})
}

func FuzzAFileOfRequirementsIsReadToItsEnd(f *testing.F) {
	f.Add("a\n# c \\\nb \\\n  ==1 \\\n --hash=x\n-r other.txt\n-r requirements.txt\n")
	f.Add("-r /dev/zero\n-r .\n-r\n--requirement=\x00\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		path := filepath.Join(dir, "requirements.txt")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		q := &requirements{project: dir}
		q.read(path, "", 0)
		for _, one := range q.found {
			if one.Line < 1 || one.Line > strings.Count(text, "\n")+1 {
				t.Errorf("%q: line %d", text, one.Line)
			}
		}
	})
}

func TestAFileOfRequirementsIsReadAsPipReadsIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("requirements/base.txt", "\ufeff# all of it\r\nDjango>=5.2 # web\r\n\r\nx==1 \\\r\n    --hash=sha256:aa \\\r\n    --hash=sha256:bb\r\n# a comment ends here \\\nlast")
	write("requirements/dev.txt", "-r base.txt\n--requirement ./test.txt\n-c constraints.txt\n-i https://pypi.org/simple\n--extra-index-url=https://u:p@e.org\n--no-binary :all:\n-e git+https://e.org/g#egg=edit\n")
	write("requirements/test.txt", "-rdev.txt\npytest --config-settings=a=b\nno name here\n-r gone.txt\n-r /dev/zero\n-r https://e.org/r.txt\n")
	q := &requirements{project: dir}
	q.read(filepath.Join(dir, "requirements", "dev.txt"), "", 0)
	var got []string
	for _, one := range q.found {
		got = append(got, fmt.Sprintf("%s%s %s:%d", one.Name, one.Spec, one.File, one.Line))
	}
	want := "django>=5.2 requirements/base.txt:2\nx==1 requirements/base.txt:4\nlast requirements/base.txt:8\npytest requirements/test.txt:2\nedit requirements/dev.txt:7"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	var problems []string
	for _, p := range q.problems {
		problems = append(problems, fmt.Sprintf("%s %s:%d", p.Code, p.File, p.Line))
	}
	if got := strings.Join(problems, ", "); got != "CP-DEP-005 requirements/test.txt:3, CP-DEP-006 requirements/test.txt:4, CP-DEP-006 requirements/test.txt:5, CP-DEP-006 requirements/test.txt:6" {
		t.Errorf("got %s", got)
	}
}

func TestACommandLineIsSplitAsAShellSplitsIt(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`python manage.py check`:    "python|manage.py|check",
		`a 'b c' "d \"e\" \n" f\ g`: `a|b c|d "e" \n|f g`,
		`a '' ""`:                   "a||",
		`pytest -k 'a and not $b'`:  "pytest|-k|a and not $b",
	} {
		if got, err := words(line); err != nil || strings.Join(got, "|") != want {
			t.Errorf("%s: got %q, %v", line, got, err)
		}
	}
	for _, line := range []string{"", "  ", "a | b", "a && b", "a > b", "$(a)", "a `b`", `a "$b"`, "a 'b", "a\x00"} {
		if got, err := words(line); err == nil {
			t.Errorf("%q was taken as %q", line, got)
		}
	}
}

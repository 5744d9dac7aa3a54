package dotenv_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"iact-infra/internal/ci/dotenv"
)

// chance is a source of the same bytes each time.
func chance() io.Reader {
	one := strings.Repeat("\x00\x10\x83\x10\x51\x87\x20\x92\x8b", 6)[:48]
	return strings.NewReader(strings.Repeat(one, 9))
}

const generated = "ABCDEFGHIJKLABCDEFGHIJKLABCDEFGHIJKLABCDEFGHIJKLABCDEFGHIJKLABCD"

func TestMakeAddsWhatIsMissingAndLeavesTheRestAlone(t *testing.T) {
	t.Parallel()
	template := "# The app\nDEBUG=True\n\n# Keep it safe\nSECRET_KEY=dev-secret-key-12345\nA_URL=http://localhost # here\n\n# the end\n"
	for name, c := range map[string]struct{ existing, want string }{
		"a new file":            {"", strings.Replace(template, "dev-secret-key-12345", generated, 1)},
		"nothing is missing":    {"A_URL=x\nSECRET_KEY=mine\nDEBUG=\n", "A_URL=x\nSECRET_KEY=mine\nDEBUG=\n"},
		"one in the middle":     {"DEBUG=0 # mine\nA_URL='x'\n# my end\n", "DEBUG=0 # mine\n\n# Keep it safe\nSECRET_KEY=" + generated + "\nA_URL='x'\n# my end\n"},
		"no line break at last": {"MINE=1\nDEBUG=0", "MINE=1\nDEBUG=0\n\n# Keep it safe\nSECRET_KEY=" + generated + "\nA_URL=http://localhost # here\n"},
		"the first one":         {"SECRET_KEY=a\nA_URL=b\n", "SECRET_KEY=a\nA_URL=b\n# The app\nDEBUG=True\n"},
		"one without a value":   {"DEBUG\nSECRET_KEY=a\nA_URL=b\n", "DEBUG\n# The app\nDEBUG=True\nSECRET_KEY=a\nA_URL=b\n"},
	} {
		made, err := dotenv.Make(template, c.existing, chance())
		if err != nil || made.Text != c.want {
			t.Errorf("%s: %v\n got %q\nwant %q", name, err, made.Text, c.want)
		}
		again, err := dotenv.Make(template, made.Text, chance())
		if err != nil || again.Text != made.Text || len(again.Added) != 0 {
			t.Errorf("%s: twice adds %v, %v", name, again.Added, err)
		}
	}
}

func TestOnlySecretsThatAProjectMakesUpAreMade(t *testing.T) {
	t.Parallel()
	template := "export JWT_SECRET='your-secret'\nDB_PASSWORD=changeme\nAPI_KEY=xxx\nSESSION_SECRET=${JWT_SECRET}\nSIGNING_KEY=" + strong + "\r\nSECRET_KEY=\r\n"
	made, err := dotenv.Make(template, "", chance())
	want := "export JWT_SECRET=" + generated + "\nDB_PASSWORD=changeme\nAPI_KEY=xxx\nSESSION_SECRET=${JWT_SECRET}\nSIGNING_KEY=" + strong + "\r\nSECRET_KEY=" + generated + "\r\n"
	if err != nil || made.Text != want {
		t.Errorf("%v\n got %q\nwant %q", err, made.Text, want)
	}
}

func TestWithoutChanceThereIsNoSecret(t *testing.T) {
	t.Parallel()
	made, err := dotenv.Make("SECRET_KEY=changeme\n", "", strings.NewReader("short"))
	if !errors.Is(err, io.ErrUnexpectedEOF) || made.Text != "" {
		t.Errorf("made %q, %v", made.Text, err)
	}
}

func TestTheDiffShowsNoSecret(t *testing.T) {
	t.Parallel()
	made, err := dotenv.Make("A=plain\nSECRET_KEY=changeme\nDB_PASSWORD=pw1\nDATABASE_URL=postgres://me:pw2@db/x\n", "", chance())
	want := "+ A=plain\n+ SECRET_KEY=***  # generado\n+ DB_PASSWORD=***\n+ DATABASE_URL=postgres://me:***@db/x\n"
	if got := made.Diff("es"); err != nil || got != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}

func FuzzMakeLosesNoValue(f *testing.F) {
	f.Add("A=1\nB=2\n", "B=\"x\ny\"\n")
	f.Add("# c\nSECRET_KEY=\n", "C='open\n")
	f.Fuzz(func(t *testing.T, template, existing string) {
		made, err := dotenv.Make(template, existing, zeros{})
		if err != nil {
			if dotenv.Valid(template) && dotenv.Valid(existing) {
				t.Fatal(err)
			}
			return
		}
		for _, p := range dotenv.Parse(existing) {
			if !strings.Contains(made.Text, strings.TrimRight(p.Text, "\r\n")) {
				t.Fatalf("%q is gone from %q", p.Text, made.Text)
			}
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

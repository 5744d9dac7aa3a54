package house_test

import (
	"strings"
	"testing"

	"iact-infra/internal/house"
)

// Backup and CI are namespaces as magefiles/ has them.
type (
	Backup struct{}
	CI     struct{}
)

// All takes no options.
func (Backup) All() error { return nil }

// RestoreDB takes some.
func (Backup) RestoreDB(_, _ *string, _ *bool) error { return nil }

// DB is a name in capitals.
func (CI) DB() error { return nil }

func TestACommandLineIsReadToItsEndBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	// Words are parted by blanks; "" stands for an empty one.
	for line, want := range map[string]string{
		"":                                    "",
		"-l":                                  "",
		"-v -t 5m BACKUP:all ci:DB":           "",
		"-- backup:all":                       "",
		"backup:restoredb -yes -set=x":        "",
		"backup:restoreDB -to=a=b backup:all": "",
		"backup:all x=1":                      `"x=1" is no target|an option is written -name=value`,
		"backup:restoreDB yes=true":           `"yes=true" is no target|did you mean -yes=true?`,
		"backup:restoreDB -set ID":            `"ID" is no target|did you mean -set=ID?`,
		"backup:all IACT_PLAN=1":              `"IACT_PLAN=1" is no target|a variable stands before the program: IACT_PLAN=1 go tool mage backup:all`,
		"-- backup:all backup:al":             `"backup:al" is no target|did you mean backup:all?`,
		"ci:db backup:restordb":               `"backup:restordb" is no target|did you mean backup:restoreDB?`,
		`backup:all ""`:                       `"" is no target|is a variable not set`,
		"backup:all -x":                       "backup:all takes no options, and there is -x|-h TARGET",
		"backup:all -- ci:db":                 "backup:all takes no options, and there is --|leave it out",
		"backup:restoreDB -- x":               "-- is no option of backup:restoreDB|write -name=value",
		"backup:restoreDB --to=x":             "--to=x is no option of backup:restoreDB|write -to=x",
		"backup:restoreDB -to= -yes=true":     "-to of backup:restoreDB has no value|or leave it out",
		"ci:db backup:restoreDB -set= ":       "-set of backup:restoreDB has no value|or leave it out",
	} {
		words := strings.Fields(line)
		for i := range words {
			words[i] = strings.Trim(words[i], `"`)
		}
		h := house.New(house.Environment{Args: words, Getenv: func(string) string { return "" }})
		says, hint, _ := strings.Cut(want, "|")
		message, code := shown(h.CheckWords(Backup{}, CI{}))
		if want == "" && message != "" || want != "" && (code != 2 || !strings.Contains(message, "Error: read the command line: "+says+"\n  hint: ") || !strings.Contains(message, hint)) {
			t.Errorf("%s: code %d and\n%s\nwant %s", line, code, message, want)
		}
	}
	h := house.New(house.Environment{Args: []string{"backup:restoreDB", "-to= "}, Getenv: func(string) string { return "" }})
	if _, code := shown(h.CheckWords(Backup{})); code != 2 {
		t.Errorf("an option of a blank ends with code %d", code)
	}
}

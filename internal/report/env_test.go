package report_test

import (
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

func fromEnv(t *testing.T, env map[string]string) (report.Options, error) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return report.FromEnv(func(name string) string { return env[name] }, f, f)
}

func TestTheEnvironmentChoosesFormatAndLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env          map[string]string
		format, lang string
	}{
		{nil, "text", "en"},
		{map[string]string{"IACT_FORMAT": "json", "LANG": "es_MX.UTF-8"}, "json", "es"},
		{map[string]string{"IACT_FORMAT": "text", "LANG": "es"}, "text", "es"},
		{map[string]string{"IACT_FORMAT": " JSON ", "IACT_LANG": "EN", "LANG": "es_ES.UTF-8"}, "json", "en"},
		{map[string]string{"IACT_LANG": "es", "LANG": "C.UTF-8"}, "text", "es"},
		{map[string]string{"LANG": "est_EE"}, "text", "en"},
	} {
		o, err := fromEnv(t, c.env)
		if err != nil || o.Format != c.format || o.Lang != c.lang {
			t.Errorf("%v: %+v, %v", c.env, o, err)
		}
	}
}

func TestAFileIsNoTerminalAndHasNoColour(t *testing.T) {
	t.Parallel()
	o, err := fromEnv(t, map[string]string{"TERM": "xterm-256color"})
	if err != nil || o.Terminal || o.Color || o.Width != 80 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestAnUnknownValueIsWrongUseAndNamesTheWayOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, text, hint string }{
		{"IACT_FORMAT", "xml", `read IACT_FORMAT: "xml" is neither "text" nor "json"`, "set IACT_FORMAT=text or IACT_FORMAT=json, or unset it"},
		{"IACT_LANG", "fr", `read IACT_LANG: "fr" is neither "es" nor "en"`, "set IACT_LANG=es or IACT_LANG=en, or unset it"},
	} {
		_, err := fromEnv(t, map[string]string{c.name: c.value})
		if err == nil || err.Error() != c.text || fault.Code(err) != fault.Usage || fault.Hint(err) != c.hint {
			t.Errorf("%s=%s: %v, code %d, hint %q", c.name, c.value, err, fault.Code(err), fault.Hint(err))
		}
	}
}

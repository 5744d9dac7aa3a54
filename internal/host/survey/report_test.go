package survey

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/fault"
	"iact-infra/internal/verdict"
)

func TestOnlyAFailureIsAnError(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]verdict.State{"ubuntu-24.04": verdict.OK, "lxc": verdict.Warn, "wsl2": verdict.Fail} {
		r := fixture(t, name).Report(wants())
		err := r.Err()
		if r.State != want || (err != nil) != (want == verdict.Fail) {
			t.Errorf("%s: %s, %v", name, r.State, err)
		}
		if err != nil && (fault.Code(err) != fault.Missing || fault.Hint(err) == "" || !strings.Contains(err.Error(), "check host wsl2: it cannot run Docker: HC-DISK-003")) {
			t.Errorf("code %d, hint %q, %v", fault.Code(err), fault.Hint(err), err)
		}
	}
}

func TestTheJSONIsStable(t *testing.T) {
	t.Parallel()
	f := fixture(t, "raspberry-pi")
	f.Took = 1500 * time.Millisecond
	r := f.Report(wants())
	r.Findings = r.Findings[2:3]
	got, err := json.Marshal(r)
	want := `{"place":"raspberry-pi","state":"fail","duration_seconds":1.5,"findings":[{"code":"HC-ARCH-001","state":"warn","unknown":false,` +
		`"title":{"es":"Arquitectura","en":"Architecture"},"evidence":"aarch64, programs of 32 bits",` +
		`"cause":"a 64-bit kernel under 32-bit programs: images of the kernel's architecture do not match the daemon's",` +
		`"fix":"install the 64-bit edition of the distribution, or ask for images with --platform of 32 bits"}]}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}

func TestTheTableIsForPeople(t *testing.T) {
	t.Parallel()
	r := fixture(t, "wsl2").Report(wants())
	r.Findings[0].Seen = "a\tb\x1b[31m\nc" // from a machine that means no good
	var es, en strings.Builder
	if err := r.Write(&es, "es"); err != nil {
		t.Fatal(err)
	}
	if err := r.Write(&en, "en"); err != nil {
		t.Fatal(err)
	}
	for text, wants := range map[string][]string{
		es.String(): {"Distribución", "fail  HC-DISK-003  ", "remedio", "wsl2: fail (26 bien, 5 avisos, 1 fallos; 0 ms)"},
		en.String(): {"Distribution", `a b\x1b[31m c`, "cause", "5 warnings, 1 failures"},
	} {
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
	if err := r.Write(full{}, "en"); !errors.Is(err, errFull) {
		t.Errorf("err = %v", err)
	}
}

var errFull = errors.New("no space left on device")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

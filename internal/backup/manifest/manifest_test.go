package manifest_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/fault"
)

func sample() *manifest.Manifest {
	return &manifest.Manifest{
		ID: "20261123T151648Z-host-k3f", Sequence: 41, Time: time.Date(2026, 11, 23, 15, 16, 48, 123456789, time.UTC),
		Host: "host", Version: "1.2.3", Run: "20261123T151648Z-host-abc", Project: "/srv/<project> & \u2028 sons", Seconds: 1.5,
		Phases: manifest.Phases{Capture: 1, Sync: 0.25, Seal: 0.125, Verify: 2}, Level: "fast",
		Sources: []manifest.Source{
			{
				Name: "iact_analytics", Kind: "postgres", State: manifest.Written, Dir: "postgres-iact_analytics",
				Size: 1 << 40, Stored: 1 << 30, New: 7, Parts: 3, List: manifest.Sum([]byte("list")), Seconds: 3,
				Snapshot: time.Date(2026, 11, 23, 15, 16, 49, 0, time.UTC), Notes: []string{"a note"},
				Origin: "local:5432/iact_analytics", Detail: map[string]string{"owner": `"Ñandú"`}, Files: 9,
			},
			{Name: "config", Kind: "files", State: manifest.Failed, Error: "read: \"x\": <no>"},
		},
	}
}

func encode(t *testing.T, m *manifest.Manifest) []byte {
	t.Helper()
	data, err := manifest.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAManifestComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	want := sample()
	data := encode(t, want)
	got, err := manifest.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("came back as %+v\nwritten was %+v", got, want)
	}
	if again := encode(t, got); !bytes.Equal(again, data) {
		t.Errorf("written again it is\n%s\nit was\n%s", again, data)
	}
	if !bytes.HasSuffix(data, []byte("}\n")) || bytes.Count(data, []byte("\n")) != 1 {
		t.Error("a manifest is not one line")
	}
	if s, ok := got.Source("config"); !ok || s.State != manifest.Failed {
		t.Errorf("source config: %v, %v", s, ok)
	}
	if _, ok := got.Source("none"); ok {
		t.Error("a source that is not there was found")
	}
}

// TestNoByteOfAManifestCanChangeUnnoticed changes each byte in turn.
func TestNoByteOfAManifestCanChangeUnnoticed(t *testing.T) {
	t.Parallel()
	data := encode(t, sample())
	want, err := manifest.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data[:len(data)-1] {
		for _, flip := range []byte{1, 4, 0x20, 0x80} {
			changed := bytes.Clone(data)
			changed[i] ^= flip
			got, err := manifest.Decode(changed)
			if err == nil && !reflect.DeepEqual(got, want) { // another case of a key or of a digit of the hash changes nothing
				t.Errorf("byte %d changed from %q to %q and nobody noticed", i, data[i], changed[i])
			}
		}
	}
	for n := range len(data) - 1 {
		if _, err := manifest.Decode(data[:n]); err == nil {
			t.Errorf("a manifest cut to %d of %d bytes was read", n, len(data))
		}
	}
}

func TestAManifestSaysWhyItIsRefused(t *testing.T) {
	t.Parallel()
	data := encode(t, sample())
	for _, test := range []struct {
		name     string
		data     []byte
		code     int
		tampered bool
	}{
		{"body changed", bytes.Replace(data, []byte(`"level":"fast"`), []byte(`"level":"best"`), 1), fault.Invalid, true},
		{"body written anew", bytes.Replace(data, []byte(`"level":`), []byte(`"level": `), 1), fault.Invalid, true},
		{"newer format", bytes.Replace(data, []byte(`"format":1`), []byte(`"format":2`), 1), fault.Missing, false},
		{"newer format, other body", []byte(`{"format":9,"body":{"all":"new"}}`), fault.Missing, false},
		{"no format", []byte(`{"body":{}}`), fault.Invalid, false},
		{"no body", []byte(`{"format":1}`), fault.Invalid, true},
		{"empty", nil, fault.Invalid, false},
		{"zeros", make([]byte, 4096), fault.Invalid, false},
		{"a list", []byte("[]"), fault.Invalid, false},
		{"null", []byte("null"), fault.Invalid, false},
		{"hash too short", []byte(`{"format":1,"body_sha256":"ab","body":{}}`), fault.Invalid, false},
		{"more behind it", append(bytes.Clone(data), data...), fault.Invalid, false},
		{"body of another kind", envelope(`"text"`), fault.Invalid, false},
	} {
		_, err := manifest.Decode(test.data)
		if fault.Code(err) != test.code || errors.Is(err, manifest.ErrTampered) != test.tampered || fault.Hint(err) == "" {
			t.Errorf("%s: code %d, hint %q, error %v; want code %d, a hint, tampered %v",
				test.name, fault.Code(err), fault.Hint(err), err, test.code, test.tampered)
		}
	}
}

func envelope(body string) []byte {
	return fmt.Appendf(nil, `{"format":1,"body_sha256":"%s","body":%s}`, manifest.Sum([]byte(body)), body)
}

func FuzzDecodeNeverPanics(f *testing.F) {
	data, err := manifest.Encode(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, s := range []string{"", "{}", "null", `{"format":1e99}`, `{"format":1,"body":null}`, `{"format":1,"body_sha256":null}`} {
		f.Add([]byte(s))
	}
	f.Add(envelope("null"))
	f.Add(envelope(`{"sources":[null]}`))
	f.Add(envelope(`{"sequence":99999999999999999999}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := manifest.Decode(data); (m == nil) == (err == nil) {
			t.Errorf("%q: manifest %v and error %v", data, m, err)
		}
		if s, err := manifest.DecodeState(data); err == nil {
			s.Of(&manifest.Source{Name: "config"})
			s.ReadAt("config", manifest.Part{})
		}
	})
}

package config_test

import "testing"

func TestVolumesAreLookedForByThemselvesOrWhereAFileSaysSo(t *testing.T) {
	t.Parallel()
	const list = "  sources:\n    - {name: data, kind: volume}\n"
	for _, test := range []struct {
		content string
		want    bool
	}{
		{"", true},
		{"backup:\n" + list, false},
		{"backup:\n  volumes:\n" + list, false},
		{"backup:\n  volumes: {mode: stop}\n" + list, true},
	} {
		c := mustLoad(t, checkout(t, "config/iact.yaml", test.content))
		if got := c.FindsVolumes(); got != test.want {
			t.Errorf("%q: volumes are looked for: %v, want %v", test.content, got, test.want)
		}
		for _, s := range c.Backup.Sources {
			if s.Volume != "data" || s.Mode != "live" || s.Image != "" {
				t.Errorf("%q: the source is %+v, want the volume of its name, live", test.content, s)
			}
		}
	}
}

package house

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// ShowConfig is config:show: every value with where it comes from.
func (h *House) ShowConfig() error {
	return h.Told(h.result(func(string) (any, func(io.Writer), error) {
		settings, err := h.Config()
		if err != nil {
			return nil, nil, err
		}
		shown := settings.Show()
		return shown, func(w io.Writer) {
			table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
			for _, s := range shown {
				_, _ = fmt.Fprintf(table, "%s\t%s\t# %s\n", s.Key, s.Value, s.Origin)
			}
			_ = table.Flush()
		}, nil
	}))
}

// checkedConfig is the result of config:check.
type checkedConfig struct {
	OK       bool `json:"ok"`
	Settings int  `json:"settings"`
	Set      int  `json:"set"`
}

// CheckConfig is config:check. What is wrong comes back as one error that lists
// all of it.
func (h *House) CheckConfig() error {
	return h.Told(h.result(func(lang string) (any, func(io.Writer), error) {
		settings, err := h.Config()
		if err != nil {
			return nil, nil, err
		}
		checked := checkedConfig{OK: true}
		for _, s := range settings.Show() {
			checked.Settings++
			if s.Origin != "default" {
				checked.Set++
			}
		}
		said := "configuration is right: %d settings, %d of them set, the others by default\n"
		if lang == "es" {
			said = "la configuración es correcta: %d valores, %d escritos, los demás por omisión\n"
		}
		return checked, func(w io.Writer) { _, _ = fmt.Fprintf(w, said, checked.Settings, checked.Set) }, nil
	}))
}

package packages

import (
	"context"
	"fmt"
	"strings"
)

// pinFile keeps an engine within its pin when everything is upgraded.
const pinFile = "/etc/apt/preferences.d/iact-docker.pref"

// pinned are the packages of a choice, the engine in the newest version that the
// pin allows. An engine that is there within its pin stays.
func (w *work) pinned(ctx context.Context, c Choice, pin string) ([]Wanted, error) {
	var wanted []Wanted
	for _, name := range c.Packages {
		wanted = append(wanted, Wanted{Name: name})
	}
	if pin == "" {
		return wanted, nil
	}
	offered, err := w.Versions(ctx, c.Engine)
	if err != nil {
		return nil, err
	}
	version, err := offered.Pick(c.Engine, pin)
	if err != nil {
		return nil, err
	}
	now, err := w.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if is := now.Version(c.Engine); is != "" && Within(is, pin) {
		version = is
	}
	var engine []string
	for i := range wanted {
		// The client comes out of the same source with the same version.
		if name := wanted[i].Name; name == c.Engine || name == c.Engine+"-cli" {
			wanted[i].Version = version
			engine = append(engine, name)
		}
	}
	if err := w.write(ctx, pinFile, []byte(pinText(pin, engine, pattern(version, pin)))); err != nil {
		return nil, err
	}
	return wanted, nil
}

func pinText(pin string, names []string, pattern string) string {
	return fmt.Sprintf("Explanation: written by the IACT infra toolkit for the pin %s\nPackage: %s\nPin: version %s\nPin-Priority: 990\n", pin, strings.Join(names, " "), pattern)
}

// pattern is the pin as apt's preferences take it: with the epoch, and so that
// 28.5.1 does not mean 28.5.10.
func pattern(version, pin string) string {
	if version == pin {
		return pin
	}
	epoch := ""
	if before, _, found := strings.Cut(version, ":"); found {
		epoch = before + ":"
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(pin, "*"), ".")
	switch {
	case stem == "":
		return "*"
	case upstream(version) == stem:
		rest := strings.TrimPrefix(version, epoch+stem)
		if rest == "" {
			return version
		}
		return epoch + stem + rest[:1] + "*"
	}
	return epoch + stem + ".*"
}

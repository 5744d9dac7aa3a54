package packages

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Restart is what still runs with files that an upgrade replaced.
type Restart struct {
	// Reboot says why the host has to be booted; "" when it has not.
	Reboot string `json:"reboot,omitempty"`
	// Services are units whose processes run from libraries that are gone, and
	// Programs are such processes outside of any unit.
	Services []string `json:"services,omitempty"`
	Programs []string `json:"programs,omitempty"`
}

// restartScript prints, in one go: "reboot WHY" and "process UNIT NAME".
//
// A process of another root (a container) is not this host's to restart. The
// memory of /dev/zero, memfd and System V is shown as deleted, too: only files
// of packages count.
const restartScript = `
[ -e /run/reboot-required ] && echo "reboot $(sort -u /run/reboot-required.pkgs 2>/dev/null | tr '\n' ' ')"
running=$(uname -r)
if [ -d "/lib/modules/$running" ] || ls /boot/vmlinuz-* >/dev/null 2>&1; then
  newest=$(ls -1 /boot 2>/dev/null | sed -n 's/^vmlinuz-//p' | sort -V | tail -n 1)
  [ -n "$newest" ] && [ -e "/boot/vmlinuz-$running" ] && [ "$newest" != "$running" ] && echo "reboot linux $running runs, $newest is installed"
  [ -n "$newest" ] && [ ! -e "/boot/vmlinuz-$running" ] && [ -d /run/systemd/system ] && ! [ -e /run/systemd/container ] && echo "reboot linux $running runs, $newest is installed"
fi
grep -lE ' /(usr/|lib|bin|sbin|opt).* \(deleted\)$' /proc/[0-9]*/maps 2>/dev/null | while IFS= read -r maps; do
  p=${maps%/maps}
  [ "$p/root/" -ef / ] || continue
  unit=$(sed -n 's|.*/\([^/]*\.service\).*|\1|p' "$p/cgroup" 2>/dev/null | head -n 1)
  echo "process ${unit:--} $(cat "$p/comm" 2>/dev/null)"
done
exit 0`

// NeedsRestart finds what has to be restarted. It reads the kernel's own tables,
// so it works without needrestart; as another user than root it sees less.
func (a *Apt) NeedsRestart(ctx context.Context) (Restart, error) {
	out, err := a.script(ctx, restartScript)
	if err != nil {
		return Restart{}, fmt.Errorf("look for what needs a restart: %w", err)
	}
	return parseRestart(out), nil
}

func parseRestart(out string) Restart {
	var r Restart
	add := func(list *[]string, name string) {
		if name != "" && !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	for line := range strings.Lines(out) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case "reboot":
			if r.Reboot == "" {
				r.Reboot = strings.TrimSpace(rest)
			}
			if r.Reboot == "" {
				r.Reboot = "the system asks for it"
			}
		case "process":
			unit, name, _ := strings.Cut(rest, " ")
			switch {
			case unit == "-":
				add(&r.Programs, name)
			case strings.HasPrefix(unit, "user@"):
				add(&r.Programs, name)
			default:
				add(&r.Services, unit)
			}
		}
	}
	slices.Sort(r.Services)
	slices.Sort(r.Programs)
	return r
}

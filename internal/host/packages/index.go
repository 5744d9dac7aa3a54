package packages

import (
	"context"
	"fmt"
	"time"

	"iact-infra/internal/command"
)

// stamp is what the hooks of Ubuntu touch after every index that was fetched
// well, and other tools read. Here it is touched on every system.
const stamp = "/var/lib/apt/periodic/update-success-stamp"

// index is the command that fetches the index.
func (a *Apt) index(options ...string) command.Command {
	return a.get(append(options, "update")...)
}

// Refresh fetches the index of every repository.
func (a *Apt) Refresh(ctx context.Context) error {
	// apt runs this only when it got every one.
	touch := "APT::Update::Post-Invoke-Success::=mkdir -p /var/lib/apt/periodic && touch " + stamp
	if err := a.run(ctx, a.index("-o", touch)); err != nil {
		return fmt.Errorf("fetch apt's index: %w", err)
	}
	return nil
}

// IndexAge is how long ago the index was fetched, by the host's own clock; known
// is false when there is none. Where nobody noted it, it is that of the files.
func (a *Apt) IndexAge(ctx context.Context) (age time.Duration, known bool, err error) {
	out, err := a.script(ctx, `date +%s
stat -c %Y "$1" 2>/dev/null && exit
ls /var/lib/apt/lists/*Release >/dev/null 2>&1 && stat -c %Y /var/lib/apt/lists
exit 0`, stamp)
	if err != nil {
		return 0, false, fmt.Errorf("read the age of apt's index: %w", err)
	}
	var now, then int64
	// From the future: the clock was set back, and nothing is known.
	if n, _ := fmt.Sscan(out, &now, &then); n != 2 || then > now {
		return 0, false, nil
	}
	return time.Duration(now-then) * time.Second, true, nil
}

package libvirt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/vm/provider"
)

// jobEnds is how long a backup of libvirt may take to end once it is told to. It
// waits for what QEMU still has under way.
const jobEnds = time.Minute

// beginJob freezes the guest's file systems where its agent can, begins the backup,
// and thaws them. It is one process that no signal to a terminal ends and that
// outlives ours: whenever a run is killed, the guest does not stay frozen. An agent
// that refuses may have frozen some of them, so they are thawed in any case; a guest
// that stays frozen fails the backup.
const beginJob = `trap '' HUP INT QUIT TERM PIPE
uri=$1 machine=$2 file=$3 agent=$4 frozen=
v() { virsh -c "$uri" -q "$@"; }
if [ "$agent" ] && v domfsfreeze "$machine" >/dev/null 2>&1; then frozen=frozen; fi
v backup-begin "$machine" "$file"
code=$?
if [ "$frozen" ]; then
  v domfsthaw "$machine" >/dev/null || code=$?
elif [ "$agent" ]; then
  v domfsthaw "$machine" >/dev/null 2>&1
fi
echo "$frozen"
exit $code
`

// begin starts a backup as file describes it, and tells whether the guest's file
// systems were frozen at that moment: what is on the disks is then whole, and not
// only recoverable.
func (p *Provider) begin(ctx context.Context, id, file string) (frozen bool, err error) {
	agent := ""
	live, err := p.ask(ctx, "dumpxml", id)
	if err == nil && strings.Contains(live, "name='org.qemu.guest_agent.0' state='connected'") {
		agent = "agent"
	}
	said, err := p.door.Text(ctx, command.Change("sh", "-c", beginJob, "sh", p.uri, id, file, agent)).String()
	return strings.TrimSpace(said) == "frozen", explained(err)
}

// endJob ends the backup of a machine and waits until it has ended: libvirt only
// asks for the end, and takes no other backup before. It has ended with a machine
// that is gone or off.
func (p *Provider) endJob(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, jobEnds)
	defer cancel()
	err := p.change(ctx, "domjobabort", id)
	if errors.Is(err, provider.ErrState) || errors.Is(err, provider.ErrGone) {
		return nil
	}
	if err != nil {
		return err
	}
	// virsh event could wait for it, but not know whether it has come already.
	for {
		_, err := p.ask(ctx, "backup-dumpxml", id)
		if err != nil && ctx.Err() == nil && !errors.Is(err, provider.ErrLocked) {
			return nil // there is no backup
		}
		select {
		case <-ctx.Done():
			return locked(fmt.Sprintf("its backup has not ended within %s of being told to", jobEnds))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

//go:build mage

package main

import (
	"context"

	"github.com/magefile/mage/mg"
)

// VM holds the targets of PROCED-INFRA-001.
type VM mg.Namespace

// All takes a host from nothing to machines that are provisioned, proved and snapshotted: -machine=NAME.
func (VM) All(ctx context.Context, machine *string) error {
	return toolkit().RunVM(ctx, "vm:all", machine, nil, nil, nil)
}

// Check finds out whether this host can run the machines, and only reads (step 1).
func (VM) Check(ctx context.Context) error {
	return toolkit().RunVM(ctx, "vm:check", nil, nil, nil, nil)
}

// Fetch gets the Vagrantfile of the project, or writes ours where there is none, and validates it (step 2).
func (VM) Fetch(ctx context.Context) error {
	return toolkit().RunVM(ctx, "vm:fetch", nil, nil, nil, nil)
}

// Bootstrap prepares the provisioning script and its passwords (step 3).
func (VM) Bootstrap(ctx context.Context) error {
	return toolkit().RunVM(ctx, "vm:bootstrap", nil, nil, nil, nil)
}

// Up brings the machines up and provisions them, going on at the stage that failed: -machine=NAME (step 4).
func (VM) Up(ctx context.Context, machine *string) error {
	return toolkit().RunVM(ctx, "vm:up", machine, nil, nil, nil)
}

// Verify proves state, resources and network of the machines: -machine=NAME (step 5).
func (VM) Verify(ctx context.Context, machine *string) error {
	return toolkit().RunVM(ctx, "vm:verify", machine, nil, nil, nil)
}

// Services proves SSH, services and databases of the machines: -machine=NAME (step 6).
func (VM) Services(ctx context.Context, machine *string) error {
	return toolkit().RunVM(ctx, "vm:services", machine, nil, nil, nil)
}

// Snapshot takes a consistent snapshot: -name=NAME -machine=NAME (step 7).
func (VM) Snapshot(ctx context.Context, name, machine *string) error {
	return toolkit().RunVM(ctx, "vm:snapshot", machine, name, nil, nil)
}

// Test proves the databases from inside and from this host: -machine=NAME (step 8).
func (VM) Test(ctx context.Context, machine *string) error {
	return toolkit().RunVM(ctx, "vm:test", machine, nil, nil, nil)
}

// Halt shuts the machines down: -machine=NAME.
func (VM) Halt(ctx context.Context, machine *string) error {
	return toolkit().RunVM(ctx, "vm:halt", machine, nil, nil, nil)
}

// Suspend suspends the machines: -machine=NAME.
func (VM) Suspend(ctx context.Context, machine *string) error {
	return toolkit().RunVM(ctx, "vm:suspend", machine, nil, nil, nil)
}

// Resume goes on with suspended machines: -machine=NAME.
func (VM) Resume(ctx context.Context, machine *string) error {
	return toolkit().RunVM(ctx, "vm:resume", machine, nil, nil, nil)
}

// Reload restarts the machines with what the Vagrantfile says now: -machine=NAME.
func (VM) Reload(ctx context.Context, machine *string) error {
	return toolkit().RunVM(ctx, "vm:reload", machine, nil, nil, nil)
}

// Provision provisions the machines again, from the stage that is missing: -machine=NAME.
func (VM) Provision(ctx context.Context, machine *string) error {
	return toolkit().RunVM(ctx, "vm:provision", machine, nil, nil, nil)
}

// Snapshots lists the snapshots of the machines with their age: -machine=NAME.
func (VM) Snapshots(ctx context.Context, machine *string) error {
	return toolkit().ListSnapshots(ctx, machine)
}

// Restore goes back to a snapshot, after a safety snapshot: -name=NAME -machine=NAME -yes=true.
func (VM) Restore(ctx context.Context, name, machine *string, yes *bool) error {
	return toolkit().RunVM(ctx, "vm:restore", machine, name, nil, yes)
}

// Export writes a machine into a directory: -to=DIR -machine=NAME.
func (VM) Export(ctx context.Context, to, machine *string) error {
	return toolkit().RunVM(ctx, "vm:export", machine, nil, to, nil)
}

// Destroy destroys the machines, after asking and offering a backup: -machine=NAME -yes=true.
func (VM) Destroy(ctx context.Context, machine *string, yes *bool) error {
	return toolkit().RunVM(ctx, "vm:destroy", machine, nil, nil, yes)
}

// Status shows the machines as their provider sees them, at once: -machine=NAME.
func (VM) Status(ctx context.Context, machine *string) error { return toolkit().StatusVM(ctx, machine) }

// SSH opens a shell in a machine, or runs one command there and ends with its exit code: -machine=NAME -c=COMMAND.
func (VM) SSH(ctx context.Context, machine, c *string) error {
	return toolkit().EnterVM(ctx, machine, c)
}

// Rollback undoes the last run that changed the machines, or that one, the last step first: -machine=NAME.
func (VM) Rollback(ctx context.Context, machine *string) error {
	return toolkit().RollBackVM(ctx, machine)
}

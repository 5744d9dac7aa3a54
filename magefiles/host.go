//go:build mage

package main

import (
	"context"

	"github.com/magefile/mage/mg"
)

// Host holds the targets of PROCED-INFRA-002.
type Host mg.Namespace

// All makes a machine a Docker host, from its packages to a container that speaks: -on=ssh:USER@HOST.
func (Host) All(ctx context.Context, on *string) error { return toolkit().RunHost(ctx, "host:all", on) }

// Check finds out whether a machine can be a Docker host, and only reads: -on=ssh:USER@HOST (step 1).
func (Host) Check(ctx context.Context, on *string) error {
	return toolkit().RunHost(ctx, "host:check", on)
}

// Update fetches the package index, installs base packages, and upgrades all where host.upgrade says so: -on=ssh:USER@HOST (step 2).
func (Host) Update(ctx context.Context, on *string) error {
	return toolkit().RunHost(ctx, "host:update", on)
}

// Docker installs Docker, starts it, and proves it by a container: -on=ssh:USER@HOST (step 3).
func (Host) Docker(ctx context.Context, on *string) error {
	return toolkit().RunHost(ctx, "host:docker", on)
}

// Group puts the user into the group that may use Docker, and proves it: -on=ssh:USER@HOST (step 4).
func (Host) Group(ctx context.Context, on *string) error {
	return toolkit().RunHost(ctx, "host:group", on)
}

// Compose installs Compose 2 as a plugin of docker: -on=ssh:USER@HOST (step 5).
func (Host) Compose(ctx context.Context, on *string) error {
	return toolkit().RunHost(ctx, "host:compose", on)
}

// Daemon merges the configured settings into daemon.json, proves each, and takes them back when the daemon does not come up: -on=ssh:USER@HOST (step 6).
func (Host) Daemon(ctx context.Context, on *string) error {
	return toolkit().RunHost(ctx, "host:daemon", on)
}

// Hello starts a container, of a registry's image or of one made on the spot: -on=ssh:USER@HOST (step 7).
func (Host) Hello(ctx context.Context, on *string) error {
	return toolkit().RunHost(ctx, "host:hello", on)
}

// Devcontainer clones or updates the project, checks its devcontainer.json and starts it where the CLI is there: -on=ssh:USER@HOST (step 8).
func (Host) Devcontainer(ctx context.Context, on *string) error {
	return toolkit().RunHost(ctx, "host:devcontainer", on)
}

// Network measures what containers get: names, the way out, ports, packets, disk, limits, a registry: -on=ssh:USER@HOST (step 9).
func (Host) Network(ctx context.Context, on *string) error {
	return toolkit().RunHost(ctx, "host:network", on)
}

// Validate asks for everything that a Docker host has to do, and puts all findings into one table: -on=ssh:USER@HOST (step 10).
func (Host) Validate(ctx context.Context, on *string) error {
	return toolkit().RunHost(ctx, "host:validate", on)
}

// Report tells what runs have changed on a machine and how it stands now: -on=ssh:USER@HOST -to=FILE.md.
func (Host) Report(ctx context.Context, on, to *string) error {
	return toolkit().ReportHost(ctx, on, to)
}

// Export writes what host:all would do to a bare machine for another engine: -format=ansible|cloud-init -to=FILE -distribution=ubuntu|debian.
func (Host) Export(format, distribution, to *string) error {
	return toolkit().ExportHost(format, distribution, to)
}

// Rollback undoes the last run that changed a machine, the last step first: -on=ssh:USER@HOST.
func (Host) Rollback(ctx context.Context, on *string) error { return toolkit().RollBackHost(ctx, on) }

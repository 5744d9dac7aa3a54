//go:build mage

package main

import (
	"context"

	"github.com/magefile/mage/mg"
)

// Backup holds the targets of PROCED-INFRA-004.
type Backup mg.Namespace

// All makes a verified backup of everything: databases, roles, configuration.
func (Backup) All(ctx context.Context) error { return toolkit().Run(ctx, "backup:all") }

// Prepare checks store, space, tools and sources (step 1).
func (Backup) Prepare(ctx context.Context) error { return toolkit().Run(ctx, "backup:prepare") }

// VM backs up the virtual machines, their disks and their definition, without stopping them (step 2).
func (Backup) VM(ctx context.Context) error { return toolkit().Run(ctx, "backup:vm") }

// DB dumps the PostgreSQL and MariaDB databases and the roles (step 3).
func (Backup) DB(ctx context.Context) error { return toolkit().Run(ctx, "backup:db") }

// Volumes backs up the Docker volumes, live or with their containers paused or stopped (step 4).
func (Backup) Volumes(ctx context.Context) error { return toolkit().Run(ctx, "backup:volumes") }

// Config backs up the configuration files (step 5).
func (Backup) Config(ctx context.Context) error { return toolkit().Run(ctx, "backup:config") }

// Seal writes manifest, SHA256SUMS and RESTORE.md (step 6).
func (Backup) Seal(ctx context.Context) error { return toolkit().Run(ctx, "backup:seal") }

// Verify reads a set back and checks it: -set=ID (step 7).
func (Backup) Verify(ctx context.Context, set *string) error {
	return toolkit().VerifyBackup(ctx, set)
}

// Rotate removes the sets that backup.keep keeps no longer: -dry=true shows them; -simulate=FILE -now=TIME tries the rules (step 8).
func (Backup) Rotate(ctx context.Context, dry *bool, simulate, now *string) error {
	return toolkit().RotateBackups(ctx, dry, simulate, now)
}

// Discover finds databases here, in containers and in Vagrant machines, and proposes sources: -write=true adds them to config/iact.local.yaml.
func (Backup) Discover(ctx context.Context, write *bool) error {
	return toolkit().DiscoverSources(ctx, write)
}

// List shows the sets of the store.
func (Backup) List(ctx context.Context) error { return toolkit().ListBackups(ctx) }

// Show tells everything about one set: -set=ID.
func (Backup) Show(ctx context.Context, set *string) error { return toolkit().ShowBackup(ctx, set) }

// Restore puts a tree into a new directory, or a database into a dump file: -set=ID -source=NAME -to=PATH.
func (Backup) Restore(ctx context.Context, set, source, to *string) error {
	return toolkit().RestoreBackup(ctx, set, source, to)
}

// RestoreDB brings a database back, beside and compared, then under its name: -set=ID -source=NAME -to=NAME -yes=true -globals=missing (step 10).
func (Backup) RestoreDB(ctx context.Context, set, source, to *string, yes *bool, globals *string) error {
	return toolkit().RestoreDatabase(ctx, set, source, to, yes, globals)
}

// RestoreVolume brings a Docker volume back, beside and compared, then under its name: -set=ID -source=NAME -to=NAME -yes=true.
func (Backup) RestoreVolume(ctx context.Context, set, source, to *string, yes *bool) error {
	return toolkit().RestoreVolume(ctx, set, source, to, yes)
}

// RestoreVM makes a virtual machine anew under a new name, -drill=true proves it and takes it away again: -set=ID -source=NAME -to=NAME -dir=DIR -yes=true (step 9).
func (Backup) RestoreVM(ctx context.Context, set, source, to, dir *string, drill, yes *bool) error {
	return toolkit().RestoreMachine(ctx, set, source, to, dir, drill, yes)
}

//go:build mage

package main

import (
	"context"
	"time"

	"github.com/magefile/mage/mg"
)

// Devcontainer holds the targets of PROCED-INFRA-005.
type Devcontainer mg.Namespace

// All is devcontainer:doctor: steps 1 to 8 at once.
func (Devcontainer) All(ctx context.Context, workspace, config *string, strict, all *bool, to *string) error {
	return toolkit().RunDevcontainer(ctx, "devcontainer:all", workspace, config, strict, all, to)
}

// Doctor looks at everything at once, and names the cause first: -workspace=DIR -config=FILE -all=true -strict=true -to=FILE.md|.xml|.json -fix=true.
func (Devcontainer) Doctor(ctx context.Context, fix, yes *bool, workspace, config *string, strict, all *bool, to *string) error {
	return toolkit().FixDevcontainer(ctx, fix, yes, workspace, config, strict, all, to)
}

// Fix is devcontainer:doctor -fix=true: repairs what is safe, asks for the rest, and looks again: -workspace=DIR -yes=true.
func (Devcontainer) Fix(ctx context.Context, yes *bool, workspace, config *string, strict, all *bool, to *string) error {
	fix := true
	return toolkit().FixDevcontainer(ctx, &fix, yes, workspace, config, strict, all, to)
}

// State looks at the engine, the containers, how they ended, their logs: -workspace=DIR (step 1).
func (Devcontainer) State(ctx context.Context, workspace, config *string, strict, all *bool, to *string) error {
	return toolkit().RunDevcontainer(ctx, "devcontainer:state", workspace, config, strict, all, to)
}

// Config judges devcontainer.json, the Dockerfile and Compose files, with line and column: -workspace=DIR (step 2).
func (Devcontainer) Config(ctx context.Context, workspace, config *string, strict, all *bool, to *string) error {
	return toolkit().RunDevcontainer(ctx, "devcontainer:config", workspace, config, strict, all, to)
}

// Network looks at names, the way out, ports, rules of the firewall: -workspace=DIR (step 3).
func (Devcontainer) Network(ctx context.Context, workspace, config *string, strict, all *bool, to *string) error {
	return toolkit().RunDevcontainer(ctx, "devcontainer:network", workspace, config, strict, all, to)
}

// Volumes looks at volumes and mounts, and where they come from: -workspace=DIR (step 4).
func (Devcontainer) Volumes(ctx context.Context, workspace, config *string, strict, all *bool, to *string) error {
	return toolkit().RunDevcontainer(ctx, "devcontainer:volumes", workspace, config, strict, all, to)
}

// Permissions looks at users, owners of files, the socket, capabilities: -workspace=DIR (step 5).
func (Devcontainer) Permissions(ctx context.Context, workspace, config *string, strict, all *bool, to *string) error {
	return toolkit().RunDevcontainer(ctx, "devcontainer:permissions", workspace, config, strict, all, to)
}

// Resources looks at memory, processors, disk and limits: -workspace=DIR (step 6).
func (Devcontainer) Resources(ctx context.Context, workspace, config *string, strict, all *bool, to *string) error {
	return toolkit().RunDevcontainer(ctx, "devcontainer:resources", workspace, config, strict, all, to)
}

// Performance looks at start-up time, disks, build context and image: -workspace=DIR (step 7).
func (Devcontainer) Performance(ctx context.Context, workspace, config *string, strict, all *bool, to *string) error {
	return toolkit().RunDevcontainer(ctx, "devcontainer:performance", workspace, config, strict, all, to)
}

// Extensions looks at extensions and the server of VS Code: -workspace=DIR (step 8).
func (Devcontainer) Extensions(ctx context.Context, workspace, config *string, strict, all *bool, to *string) error {
	return toolkit().RunDevcontainer(ctx, "devcontainer:extensions", workspace, config, strict, all, to)
}

// Matrix shows the procedure's symptoms, and asks the checks of one: -symptom=3, or words of it.
func (Devcontainer) Matrix(ctx context.Context, symptom, workspace, config *string) error {
	return toolkit().DevcontainerMatrix(ctx, symptom, workspace, config)
}

// Bundle packs findings, configuration, versions and logs for support, with secrets taken out: -workspace=DIR -to=FILE.tar.zst.
func (Devcontainer) Bundle(ctx context.Context, workspace, config, to *string) error {
	return toolkit().BundleDevcontainer(ctx, workspace, config, to)
}

// Debug merges all logs by time; -shell=true or -c=COMMAND goes inside, also where it does not start; -trace=strace|tcpdump -seconds=N -to=FILE (step 9).
func (Devcontainer) Debug(ctx context.Context, workspace, config *string, shell *bool, c, trace *string, seconds *int, since *time.Duration, lines *int, to *string) error {
	return toolkit().DebugDevcontainer(ctx, workspace, config, shell, c, trace, seconds, since, lines, to)
}

// Recover resets by degrees, and tells first what is lost: -level=restart|recreate|rebuild|volumes -yes=true (step 10).
func (Devcontainer) Recover(ctx context.Context, workspace, config, level *string, yes *bool) error {
	return toolkit().RecoverDevcontainer(ctx, workspace, config, level, yes)
}

package devcontainer

import (
	"iact-infra/internal/devcontainer/configuration"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/engine"
	"iact-infra/internal/devcontainer/extensions"
	"iact-infra/internal/devcontainer/network"
	"iact-infra/internal/devcontainer/performance"
	"iact-infra/internal/devcontainer/permissions"
	"iact-infra/internal/devcontainer/resources"
	"iact-infra/internal/devcontainer/state"
	"iact-infra/internal/devcontainer/volumes"
)

// group is one side from which a step looks.
type group struct {
	target string
	checks []doctor.Check
}

// groups are all of them, in the order in which causes work: of two findings that
// do not explain each other the one that stands before is shown first. The engine
// belongs to step 1, and is asked by every step.
func groups() []group {
	return []group{
		{"", engine.Checks()},
		{"devcontainer:resources", resources.Checks()},
		{"devcontainer:config", configuration.Checks()},
		{"devcontainer:volumes", volumes.Checks()},
		{"devcontainer:network", network.Checks()},
		{"devcontainer:state", state.Checks()},
		{"devcontainer:permissions", permissions.Checks()},
		{"devcontainer:extensions", extensions.Checks()},
		{"devcontainer:performance", performance.Checks()},
	}
}

// checks are those of a step, or with "" all.
func checks(target string) []doctor.Check {
	var some []doctor.Check
	for _, g := range groups() {
		if target == "" || g.target == "" || g.target == target {
			some = append(some, g.checks...)
		}
	}
	return some
}

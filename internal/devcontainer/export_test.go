package devcontainer

import "iact-infra/internal/devcontainer/doctor"

// Checks are those of a step, or with "" all.
func Checks(target string) []doctor.Check { return checks(target) }

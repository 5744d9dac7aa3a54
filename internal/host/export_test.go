package host

import "iact-infra/internal/journal"

// Told are those of some runs that are about this machine.
func Told(runs []journal.Run) []ReportRun { return New(Options{}).told(runs, &machine{}) }

// Older says whether a version is below another one.
func Older(version, least string) bool { return older(version, least) }

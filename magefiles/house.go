//go:build mage

// IACT infra toolkit. IACT_PLAN=1 shows what a target would change, IACT_FORMAT=json gives JSON.
package main

import (
	"sync"

	"iact-infra/internal/house"
)

// toolkit is the one value that outlives a target. Targets chained on a command
// line share it: a step that two of them need runs once, and they write one
// journal and one backup set. mage calls targets without passing anything along,
// so there is no other place for it. It is built by the first target that runs,
// and that one does nothing when the command line holds a word that mage would
// refuse later, or not at all: here it ends.
//
//nolint:gochecknoglobals // the reason stands above
var toolkit = sync.OnceValue(func() *house.House {
	h := house.New(house.Process())
	if err := h.CheckWords(Backup{}, Bench{}, CI{}, Config{}, Cpython{}, Devcontainer{}, Host{}, Procedure{}, Release{}, Test{}, VM{}); err != nil {
		panic(err) // mage shows it, and its exit code, as that of any target
	}
	return h
})

// Package findings brings what linters say into one form, writes it as SARIF
// 2.1.0, and tells new findings from those that a baseline knows.
//
// Paths count from the project. A finding is known again by its print, which
// stays the same while the lines around it move. Text that is no linter's is an
// error: no findings is what a linter says, not what it fails to say.
package findings

// Finding is one remark of a linter.
type Finding struct {
	Tool    string `json:"tool"`
	Rule    string `json:"rule,omitempty"`
	Level   Level  `json:"level"`
	Path    string `json:"path,omitempty"` // below the project
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	// Print is the same for the same remark at another line: what a baseline
	// knows it by.
	Print string `json:"print"`
}

// Level is how much a finding matters.
type Level string

// The levels, as SARIF calls them.
const (
	Error   Level = "error"
	Warning Level = "warning"
	Note    Level = "note"
)

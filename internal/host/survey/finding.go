package survey

import (
	"encoding/json"

	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
)

// Findings are those of a Docker host. Readers of their JSON rely on names of its
// own: what was seen is its evidence, and cause and fix are one text.
type Findings []verdict.Finding

// MarshalJSON gives those names.
func (all Findings) MarshalJSON() ([]byte, error) {
	type row struct {
		Code     string         `json:"code"`
		State    verdict.State  `json:"state"`
		Unknown  bool           `json:"unknown"`
		Title    procedure.Text `json:"title"`
		Evidence string         `json:"evidence"`
		Cause    string         `json:"cause"`
		Fix      string         `json:"fix"`
	}
	rows := make([]row, len(all))
	for i, f := range all {
		rows[i] = row{f.Code, f.State, f.Unknown, f.Title, f.Seen, f.Cause.EN, f.Fix.EN}
	}
	return json.Marshal(rows)
}

func fine(format string, args ...any) verdict.Finding { return verdict.Fine(format, args...) }

func warn(seen, cause, fix string) verdict.Finding {
	return verdict.Bad(verdict.Warn, seen, verdict.Same(cause), verdict.Same(fix))
}

func fail(seen, cause, fix string) verdict.Finding {
	return verdict.Bad(verdict.Fail, seen, verdict.Same(cause), verdict.Same(fix))
}

// unknown is the finding where a fact is missing.
func unknown(what, why string) verdict.Finding {
	f := warn("unknown: "+what+": "+why, "the machine did not tell, so this was not judged",
		"run the check again as a user who may read it (root), or look yourself")
	f.Unknown = true
	return f
}

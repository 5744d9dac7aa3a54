package resources

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// reclaimLimit is for docker system df, which adds up every file.
const reclaimLimit = 3 * time.Second

// reclaimable asks what can be had back, when the disk is short: not before, for
// the answer takes its time.
func reclaimable(ctx context.Context, s *scene.Scene) []doctor.Finding {
	m, err := s.Machine()
	if err != nil {
		return doctor.Unseen(err)
	}
	if fullness(m.Data) == doctor.OK && spent(m.Data) == doctor.OK {
		return doctor.Good("not needed: %s free", bytes(m.Data.Free))
	}
	inner, cancel := context.WithTimeout(ctx, s.Within(reclaimLimit))
	defer cancel()
	out, err := s.Text(inner, "system", "df", "--format", "{{json .}}")
	if err != nil {
		return doctor.Unseen(fmt.Errorf("docker system df: %w", err))
	}
	return hoarded(readUsage(out))
}

// usage is a line of docker system df.
type usage struct{ Type, Size, Reclaimable string }

func readUsage(out string) []usage {
	var all []usage
	for line := range strings.Lines(out) {
		var u usage
		if json.Unmarshal([]byte(line), &u) == nil && u.Type != "" {
			all = append(all, u)
		}
	}
	return all
}

// hoarded says what could be had back. It is a hint for a disk that is short.
func hoarded(all []usage) []doctor.Finding {
	var lines []string
	var total int64
	for _, u := range all {
		word, _, _ := strings.Cut(u.Reclaimable, " ")
		n := decimal(word)
		if total += n; n > 0 {
			lines = append(lines, strings.ToLower(u.Type)+" "+word)
		}
	}
	if total < 100*mib {
		return doctor.Good("hardly anything")
	}
	return []doctor.Finding{{
		State: doctor.Warn, Evidence: strings.Join(lines, ", "),
		Cause: doctor.Say("lo que nadie usa ocupa el espacio que falta", "what nobody uses takes the space that is missing"),
		Fix:   "docker builder prune\ndocker image prune -a\ndocker container prune", Repair: pruning(),
	}}
}

// decimal reads a size as docker writes it: 1.98MB, 12kB, 0B.
func decimal(word string) int64 {
	number := strings.TrimRight(word, "kKMGTPBi")
	value, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0
	}
	for i, unit := range []string{"k", "m", "g", "t", "p"} {
		if strings.HasPrefix(strings.ToLower(word[len(number):]), unit) {
			for range i + 1 {
				value *= 1000
			}
		}
	}
	return int64(value)
}

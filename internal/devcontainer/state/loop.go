package state

import (
	"context"
	"fmt"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// loops looks for containers that end as often as they are started. What ends
// them is the cause; where that has a code of its own it is said, too.
func loops(ctx context.Context, s *scene.Scene) []doctor.Finding {
	mine, err := s.Containers()
	if err != nil {
		return doctor.Unseen(err)
	}
	var found []doctor.Finding
	for _, c := range mine {
		if !c.State.Restarting && (c.RestartCount == 0 || !c.State.Running) {
			continue
		}
		happened, _ := s.Events(ctx, eventSpan, c)
		l := lifeOf(happened)
		if !looping(c, l, s.Now()) {
			continue
		}
		e := ended(ctx, s, c)
		f := doctor.Finding{
			State: doctor.Fail, Code: "DC-STA-003", Title: title("DC-STA-003"), Where: c.Name,
			Evidence: fmt.Sprintf("RestartCount %d, policy %s; %s", c.RestartCount, c.HostConfig.RestartPolicy.Name, e.Evidence), Cause: e.Cause,
			Fix: "docker logs --tail 50 " + c.Name + "\ndocker update --restart no " + c.Name + " && docker stop " + c.Name,
		}
		f.Cause.ES = "su política de reinicio lo inicia cada vez que acaba: " + f.Cause.ES
		f.Cause.EN = "its restart policy starts it whenever it ends: " + f.Cause.EN
		found = append(found, f)
		if main, _ := s.Main(); e.Code != "DC-STA-002" && (!c.State.Restarting || c != main) { // that one is said of the main container
			e.Title = title(e.Code)
			found = append(found, e)
		}
	}
	if len(found) == 0 {
		return doctor.Good("no container restarts over and over")
	}
	return found
}

// looping says whether a container that was restarted is still at it. One that
// needed some tries and has been up since then is well; so long as it has not
// lived longer than before, nobody knows that it will.
func looping(c *scene.Container, l life, now time.Time) bool {
	if c.State.Restarting {
		return true
	}
	recent := 0
	for _, at := range l.deaths {
		if now.Sub(at) < 10*time.Minute {
			recent++
		}
	}
	up := now.Sub(c.State.StartedAt)
	if c.RestartCount >= 2 && recent >= 2 && up < l.longest {
		return true
	}
	return recent >= 3 && up < 2*time.Minute || c.RestartCount >= 3 && up < time.Minute
}

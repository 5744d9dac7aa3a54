package reset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// Prove waits until the container runs and is healthy, and lets the one who works
// there answer.
func (d *Desk) Prove(ctx context.Context) (*scene.Container, error) {
	c, err := d.Now(ctx)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, fmt.Errorf("prove the container of %s: there is none", d.Scene.Workspace)
	}
	if err := d.healthy(ctx, c); err != nil {
		return c, fault.New(fault.Invalid, "devcontainer:debug merges its logs, devcontainer:doctor says why", fmt.Errorf("prove %s: %w", c.Name, err))
	}
	args := []string{"exec"}
	if user := client.Works(d.Scene, d.Main).User; user != "" {
		args = append(args, "--user", user)
	}
	_, err = d.Ask(ctx, append(args, c.ID, "sh", "-c", "true")...)
	if err != nil && !strings.Contains(err.Error(), `exec: "sh"`) {
		return c, fault.New(fault.Invalid, "devcontainer:doctor says why", fmt.Errorf("prove %s: nobody answers in it: %w", c.Name, err))
	}
	return c, d.healthy(ctx, c) // still
}

// healthy waits for a container.
func (d *Desk) healthy(ctx context.Context, c *scene.Container) error {
	limit := time.Now().Add(d.Wait)
	for {
		out, err := d.Ask(ctx, "container", "inspect", "--format", "{{json .State}}", c.ID)
		if err != nil {
			return err
		}
		var s scene.State
		if err := json.Unmarshal([]byte(out), &s); err != nil {
			return fmt.Errorf("read its state: %w", err)
		}
		switch {
		case !s.Running && !s.Restarting:
			return d.ended(ctx, c, s)
		case s.Running && (s.Health == nil || s.Health.Status == "healthy" || s.Health.Status == ""):
			return nil
		case s.Health != nil && s.Health.Status == "unhealthy":
			last := ""
			if n := len(s.Health.Log); n > 0 {
				last = strings.TrimSpace(s.Health.Log[n-1].Output)
			}
			return fmt.Errorf("it is unhealthy: %s", report.Clean(last))
		case time.Now().After(limit):
			return fmt.Errorf("it is %s after %v, and not healthy", s.Status, d.Wait)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// ended is how a container ended that was to run.
func (d *Desk) ended(ctx context.Context, c *scene.Container, s scene.State) error {
	if s.Error != "" {
		return errors.New(s.Error)
	}
	said, err := d.Scene.Log(ctx, c, 3)
	if err != nil {
		said = ""
	}
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(said), "\n") {
		_, text, _ := strings.Cut(line, " ")
		lines = append(lines, report.Clean(text))
	}
	return fmt.Errorf("it has ended with %d: %s", s.ExitCode, strings.Join(lines, "; "))
}

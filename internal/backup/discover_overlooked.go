package backup

import (
	"context"
	"fmt"

	"iact-infra/internal/backup/discover"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
)

// overlooked looks for containers with databases that no source is of, while the
// caller goes on. What it returns waits for that, no longer than two seconds
// after the start, and gives a line for each.
func overlooked(ctx context.Context, door *command.Door, c *config.Config) (told func() []string) {
	done := make(chan []string, 1)
	go func() {
		var said []string
		names, late := discover.Overlooked(ctx, door, &source.Docker{}, c.Backup.Sources)
		for _, name := range names {
			said = append(said, fmt.Sprintf("container %s is not backed up: backup:discover -write=true adds its databases; a label iact.backup=false on it leaves it out", name))
		}
		if late {
			said = append(said, "docker does not answer: whether containers have databases is not known")
		}
		done <- said
	}()
	return func() []string { return <-done }
}

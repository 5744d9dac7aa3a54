package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// ErrNoRoot says that no small system can be made here: the program is missing, the rights of root, or apt itself.
var ErrNoRoot = errors.New("no mmdebstrap on this machine, no apt, or no rights of root")

// RootArchive is a tar of a small system, made once; root is the checkout.
func RootArchive(ctx context.Context, door *command.Door, root string) (string, error) {
	c := command.Change("bash", script(root, "root.sh"))
	c.Timeout = 10 * time.Minute
	file, err := door.Text(ctx, c).String()
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == 4 {
		return "", ErrNoRoot
	}
	if err != nil {
		return "", fmt.Errorf("make a small system for tests: %w", err)
	}
	return strings.TrimSpace(file), nil
}

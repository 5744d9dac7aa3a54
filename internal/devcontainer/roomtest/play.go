package roomtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer"
)

// variable holds what a process of its own has to do.
const variable = "ROOMTEST_PLAY"

// Play does what Killed asks of this process, and says with which code it is to
// end then. TestMain calls it first; where nothing is asked it is false.
func Play(shape func(*devcontainer.Options)) (code int, played bool) {
	text := os.Getenv(variable)
	if text == "" {
		return 0, false
	}
	var p play
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		panic(err)
	}
	said, err := p.run(context.Background(), shape)
	if err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "%s%v\n", said.Err, err)
		return 1, true
	}
	return 0, true
}

func (p play) run(ctx context.Context, shape func(*devcontainer.Options)) (said Said, err error) {
	room, steps, c, err := p.open(shape)
	if err != nil {
		return said, err
	}
	if p.Pick.Workspace == "" {
		p.Pick.Workspace = p.Workspace
	}
	if err := room.Select(p.Pick); err != nil {
		return said, err
	}
	if p.Rollback != "" {
		err = steps.Rollback(ctx, p.Rollback, true)
	} else {
		err = steps.Target(ctx, p.Target)
	}
	err = errors.Join(err, steps.Close())
	return Said{Out: c.out.String(), Err: c.err.String()}, err
}

// door opens the doors of the steps; the one to die at a command does so.
func (p play) door(options ...command.Option) *command.Door {
	if p.Kill != "" {
		options = append(options, command.Observe(func(e command.Event) {
			if strings.Contains(e.Command, p.Kill) {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}))
	}
	return command.NewDoor(command.Local(), options...)
}

package house

import (
	"context"
	"io"

	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm"
)

// buildVM makes the room of the virtual machines.
func (h *House) buildVM() *vm.Room {
	room := vm.New(vm.Options{
		Config: h.Config, Places: h.places, Getenv: h.env.Getenv, Now: h.env.Now, Random: h.env.Random, Answers: h.answers(),
		// The rooms do not know each other: the house hands on what one needs of another.
		Saved: func(domain string) (string, error) { return h.backup().NewestOf(domain) },
	})
	if h.continues != nil {
		_ = room.Select(vm.Asked(h.continues.Args())) // the first one is never refused
	}
	return room
}

func openVM(h *House) (procedure.Procedure, error) { return h.vm().Procedure(), nil }

// RunVM is a step of the procedure: -machine=NAME, and what else it takes.
func (h *House) RunVM(ctx context.Context, target string, machine, name, to *string, yes *bool) error {
	s := vm.Selection{Machine: given(machine), Name: given(name), To: given(to), Yes: yes != nil && *yes}
	if err := h.vm().Select(s); err != nil {
		return h.Told(err)
	}
	return h.Run(ctx, target)
}

// StatusVM is vm:status -machine=NAME.
func (h *House) StatusVM(ctx context.Context, machine *string) error {
	return h.aboutVM(machine, func(door *command.Door) (any, func(io.Writer), error) {
		found, err := h.vm().Status(ctx, door)
		if err != nil {
			return nil, nil, err
		}
		return found, found.Write, nil
	})
}

// aboutVM shows what a look at the machines has found.
func (h *House) aboutVM(machine *string, look func(*command.Door) (any, func(io.Writer), error)) error {
	return h.Told(h.result(func(string) (any, func(io.Writer), error) {
		if err := h.vm().Select(vm.Selection{Machine: given(machine)}); err != nil {
			return nil, nil, err
		}
		door, err := h.Door()
		if err != nil {
			return nil, nil, err
		}
		return look(door)
	}))
}

// ListSnapshots is vm:snapshots -machine=NAME.
func (h *House) ListSnapshots(ctx context.Context, machine *string) error {
	return h.aboutVM(machine, func(door *command.Door) (any, func(io.Writer), error) {
		found, err := h.vm().Snapshots(ctx, door)
		if err != nil {
			return nil, nil, err
		}
		return found, found.Write, nil
	})
}

// EnterVM is vm:ssh -machine=NAME -c=COMMAND; without a command it is a shell.
func (h *House) EnterVM(ctx context.Context, machine, line *string) error {
	if err := h.vm().Select(vm.Selection{Machine: given(machine)}); err != nil {
		return h.Told(err)
	}
	door, err := h.Door()
	if err != nil {
		return h.Told(err)
	}
	if given(line) != "" {
		return h.Told(h.vm().Run(ctx, door, *line, h.env.Stdout, h.env.Stderr))
	}
	in, out := h.terminal()
	return h.Told(h.vm().Shell(ctx, door, in, out))
}

// RollBackVM is vm:rollback -machine=NAME: the newest run about the machines, or about that one, that still stands.
func (h *House) RollBackVM(ctx context.Context, machine *string) error {
	if err := h.vm().Select(vm.Selection{Machine: given(machine)}); err != nil {
		return h.Told(err)
	}
	runner, err := h.Engine()
	if err != nil {
		return h.Told(err)
	}
	return h.Told(runner.RollbackLast(ctx, "PROCED-INFRA-001", vm.RunsAbout(given(machine))))
}

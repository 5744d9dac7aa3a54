package devcontainer

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

//go:embed cli.sh
var cliScript string

// CLI is the official program that starts a devcontainer.
type CLI struct {
	*Project
	Version string // that npm installs, and that one of ours has
	Group   string // that the session lacks, and its user has by now; "" is none
}

func (c *CLI) run(ctx context.Context, changes bool, limit time.Duration, args ...string) (string, error) {
	all := command.Command{
		Program: "sh", Args: append([]string{"-s", "--"}, args...), Stdin: strings.NewReader(cliScript),
		Env: c.Env, Changes: changes, As: c.As, Timeout: limit,
	}
	if c.Group != "" {
		all.Program, all.Args = "sg", []string{c.Group, "-c", command.Read("sh", all.Args...).String()}
	}
	out, err := c.Door.Text(ctx, all).String()
	return strings.TrimSpace(out), err
}

// Find is the path and the version of the CLI; none when it is not installed.
func (c *CLI) Find(ctx context.Context) (program, version string, err error) {
	out, err := c.run(ctx, false, answers, "find", c.Version)
	if err != nil {
		return "", "", fmt.Errorf("look for the devcontainers CLI: %w", err)
	}
	f := read(out)
	return f.one("program"), f.one("version"), nil
}

// Install lets npm install the pinned version below the home of the user. What is
// there after it is one whole version, or nothing.
func (c *CLI) Install(ctx context.Context) error {
	if _, err := c.run(ctx, true, 10*time.Minute, "install", c.Version); err != nil {
		if failed := (*command.Error)(nil); errors.As(err, &failed) && failed.Exit == 4 {
			return fault.New(fault.Missing, "install Node.js 20 or newer with npm, or leave host.devcontainer.cli at installed", fmt.Errorf("install @devcontainers/cli %s: %w", c.Version, err))
		}
		return fault.New(0, "npm's registry has to be reached, or named in ~/.npmrc; or install the CLI yourself and set host.devcontainer.cli: installed",
			fmt.Errorf("install @devcontainers/cli %s: %w", c.Version, err))
	}
	return nil
}

// Uninstall removes what Install has installed.
func (c *CLI) Uninstall(ctx context.Context) error {
	if _, err := c.run(ctx, true, asks, "uninstall", c.Version); err != nil {
		return fmt.Errorf("remove @devcontainers/cli %s: %w", c.Version, err)
	}
	return nil
}

// Up starts the container, or finds that it runs, and gives its id.
func (c *CLI) Up(ctx context.Context, program, dir, config string) (id string, err error) {
	out, err := c.run(ctx, true, transfer, "up", program, dir, config)
	if err != nil {
		return "", fault.New(0, "correct it, and type it again; by hand: devcontainer up --workspace-folder "+dir, fmt.Errorf("start the devcontainer of %s: %w", dir, told(err, failures()...)))
	}
	var said struct {
		Outcome     string `json:"outcome"`
		ContainerID string `json:"containerId"`
	}
	last := out[strings.LastIndexByte(out, '\n')+1:]
	if err := json.Unmarshal([]byte(last), &said); err != nil || said.Outcome != "success" || said.ContainerID == "" {
		return "", fmt.Errorf("start the devcontainer of %s: its CLI says %.200q", dir, last)
	}
	return said.ContainerID, nil
}

// Exec runs a command of the shell in the container, and gives what it says.
func (c *CLI) Exec(ctx context.Context, program, dir, config, line string) (string, error) {
	out, err := c.run(ctx, true, transfer, "run", program, dir, config, line)
	if err != nil {
		return out, fault.New(0, "by hand: devcontainer exec --workspace-folder "+dir+" sh", fmt.Errorf("run %q in the devcontainer: %w", line, err))
	}
	return out, nil
}

// Running are the ids of the running containers of a directory's devcontainer.
func (c *CLI) Running(ctx context.Context, dir string) ([]string, error) {
	out, err := c.run(ctx, false, answers, "running", dir)
	if err != nil {
		return nil, fmt.Errorf("ask docker for the devcontainer of %s: %w", dir, err)
	}
	return strings.Fields(out), nil
}

// Before is what Docker has before a container is started: what comes to it
// belongs to the one who starts.
func (c *CLI) Before(ctx context.Context) ([]string, error) {
	out, err := c.run(ctx, false, answers, "before")
	if err != nil {
		return nil, fmt.Errorf("ask docker what there is: %w", err)
	}
	return strings.Fields(out), nil
}

// Down removes the containers of a directory's devcontainer that were not there
// before, and their networks and images. Volumes hold data: they stay, and are
// named.
func (c *CLI) Down(ctx context.Context, dir string, before []string) (volumes []string, err error) {
	out, err := c.run(ctx, true, 5*time.Minute, append([]string{"down", dir}, before...)...)
	if err != nil {
		return nil, fmt.Errorf("remove the devcontainer of %s: %w", dir, err)
	}
	return strings.Fields(out), nil
}

// failures are the lines of the CLI that say why it failed. The last line is one of
// a stack trace.
func failures() []string {
	return []string{
		`(\w+Command from [^\n]{1,80} failed with exit code \d+)`,
		`(?m)^(?:\[[^\]\n]{1,40}\] )?((?:ERROR: Feature|(?:docker: )?Error response from daemon: |unable to find user|OCI runtime exec failed)[^\n]{1,300})`,
		`(?m)^Error: ([^\n]{1,300})`,
	}
}

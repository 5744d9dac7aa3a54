package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// DockerOptions say in which container programs run.
type DockerOptions struct {
	Name      string   // of the transport
	Container string   // name or id; empty: the one of Service
	Service   string   // [PROJECT/]SERVICE of Compose
	Env       []string // of the docker client
}

// dockerAnswers is how long the docker client may take for a question. A daemon
// that hangs never answers.
const dockerAnswers = 15 * time.Second

// docker runs programs in a running container, by docker exec.
type docker struct {
	o DockerOptions
}

// NewDocker is the transport to a container. Its user and environment are those
// of docker exec.
func NewDocker(o DockerOptions) *Far {
	d := &docker{o: o}
	return &Far{name: o.Name, reach: d.reach, shown: d.shown, fails: d.fails}
}

func (d *docker) shown(c Command) string {
	args := []string{"exec", "-i"}
	if c.As != "" {
		args = append(args, "-u", c.As)
	}
	if c.Dir != "" {
		args = append(args, "-w", c.Dir)
	}
	mask := newMask(c.Secrets)
	for _, line := range c.Env {
		args = append(args, "-e", mask.hide(line))
	}
	container := d.o.Container
	if container == "" {
		container = d.o.Service
	}
	bare := Command{Program: c.Program, Args: c.Args, Secrets: c.Secrets}
	return Read("docker", append(args, container)...).String() + " " + bare.String()
}

func (d *docker) reach(ctx context.Context, line, as string) (Command, error) {
	container := d.o.Container
	if container == "" {
		var err error
		if container, err = d.container(ctx); err != nil {
			return Command{}, err
		}
	}
	args := []string{"exec", "-i"}
	if as != "" {
		args = append(args, "-u", as)
	}
	script := strings.TrimSuffix(strings.TrimPrefix(line, "sh -c '"), "'")
	way := Read("docker", append(args, "--", container, "sh", "-c", script)...)
	way.Env = d.o.Env
	return way, nil
}

// container finds the container of a service. Compose marks its containers with
// labels, so Compose itself is not needed.
func (d *docker) container(ctx context.Context) (string, error) {
	project, service, both := strings.Cut(d.o.Service, "/")
	if !both {
		project, service = "", project
	}
	c := Read("docker", "ps", "--no-trunc", "--filter", "label=com.docker.compose.service="+service,
		"--format", `{{.Label "com.docker.compose.project"}} {{.Label "com.docker.compose.container-number"}} {{.ID}} {{.Names}}`)
	if project != "" {
		c.Args = append(c.Args, "--filter", "label=com.docker.compose.project="+project)
	}
	c.Timeout, c.Env = dockerAnswers, d.o.Env
	out, err := NewDoor(Local()).Text(ctx, c).String()
	if err != nil {
		var failed *Error
		if errors.As(err, &failed) && failed.Exit != 0 {
			return "", d.fails(failed.Stderr, errors.New(failed.Error()))
		}
		return "", err
	}
	found := map[string]string{}
	var projects []string
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		if _, seen := found[fields[0]]; !seen {
			projects = append(projects, fields[0])
			found[fields[0]] = fields[2]
		}
		if fields[1] == "1" { // of several copies the first one
			found[fields[0]] = fields[2]
		}
	}
	switch len(projects) {
	case 0:
		return "", &Unreachable{Place: d.o.Name, Why: "no running container is service " + service, Fix: "docker compose up -d " + service + ", or correct via; docker ps --format '{{.Names}} {{.Label \"com.docker.compose.service\"}}' lists them"}
	case 1:
		return found[projects[0]], nil
	}
	return "", &Unreachable{Place: d.o.Name, Why: fmt.Sprintf("%d projects have a service %s", len(projects), service), Fix: "name one: via: compose:" + projects[0] + "/" + service}
}

// state is what the daemon says about a container that takes no command.
func (d *docker) state() string {
	c := Read("docker", "container", "inspect", "--format", "the container is {{.State.Status}}", "--", d.o.Container)
	c.Env, c.Timeout = d.o.Env, dockerAnswers
	out, err := NewDoor(Local()).Text(context.Background(), c).String()
	if err != nil || strings.Contains(out, "running") {
		return ""
	}
	return out
}

func (d *docker) fails(said string, err error) error {
	name := d.o.Container
	if name == "" {
		name = d.o.Service
	}
	away := &Unreachable{Place: d.o.Name, Why: because(said, "docker", err), Fix: "docker ps -a shows the containers, docker logs " + name + " what it said", Err: err}
	var late timeout
	if errors.As(err, &late) {
		away.Why = "the docker daemon does not answer: " + late.Error()
		away.Fix = "restart it: systemctl restart docker"
	}
	if strings.TrimSpace(said) == "" && late == 0 { // some daemons tell it on standard output
		said = d.state()
		away.Why = because(said, "docker", fmt.Errorf("it takes no command (%w); it may just have ended", err))
	}
	for _, known := range [][2]string{
		{"No such container", "docker ps lists the running containers; correct via"},
		{"is not running", "docker start " + name},
		{"is exited", "docker start " + name},
		{"is paused", "docker unpause " + name},
		{"is restarting", "docker logs " + name + " says why it does not stay up"},
		{"Cannot connect to the Docker daemon", "start it: systemctl start docker; or correct DOCKER_HOST"},
		{"permission denied while trying to connect", "usermod -aG docker $USER, then log in again; or run as root"},
		{"unable to find user", "correct `as`: the container has no such user"},
		{`exec: "sh"`, "the container has no shell: no program can be run in it; back up its volume instead"},
	} {
		if strings.Contains(said, known[0]) {
			away.Fix = known[1]
			break
		}
	}
	return away
}

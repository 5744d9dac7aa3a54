package services

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/ci/services/containers"
	"iact-infra/internal/ci/services/probe"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// compose brings the compose services up and waits until they are. It does so by
// itself: `up --wait` is not known to old Compose, fails for a service that ends
// well, and says of one that is not healthy only that.
func (r *Running) compose(ctx context.Context) error {
	program, args, err := r.tool(ctx)
	if err != nil {
		return err
	}
	args = append(args, "--project-name", r.Name)
	for _, file := range r.group.Files {
		args = append(args, "--file", file)
	}
	up := command.Change(program, append(append(args, "up", "--detach"), r.group.Names...)...)
	up.Dir, up.Env = r.group.Dir, r.group.Env
	if err := r.docker.Door.Run(ctx, up); err != nil {
		return r.explain(ctx, err)
	}
	if r.docker.Door.Planning() {
		return nil
	}
	left := r.group.Limit
	if limit, ok := ctx.Deadline(); ok {
		left = time.Until(limit)
	}
	all, err := r.docker.Up(ctx, left)
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := r.answers(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// answers notes a service. One without a health check has to answer at the TCP
// ports that it publishes.
func (r *Running) answers(ctx context.Context, c containers.Container) error {
	s := Service{Name: c.Labels["com.docker.compose.service"], State: "running", Ports: c.Ports}
	switch _, ended := c.Ended(); {
	case ended:
		s.State = "done"
	case c.Checked():
		s.State = "healthy"
	default:
		for _, port := range c.Ports {
			if port.Protocol != "tcp" {
				continue
			}
			address := net.JoinHostPort(port.Host, strconv.Itoa(port.Outside))
			if err := probe.Until(ctx, func(ctx context.Context) error { return probe.Port(ctx, address) }); err != nil {
				return r.docker.Never(ctx, c, fmt.Sprintf("nobody answers at its port %d, published as %s: %v", port.Inside, address, err))
			}
		}
	}
	r.Services = append(r.Services, s)
	return nil
}

// tool is the Compose that is here: the plugin, or the program of its own.
func (r *Running) tool(ctx context.Context) (program string, args []string, err error) {
	door := r.docker.Door
	asked := []error{}
	for _, way := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		ask := command.Read(way[0], append(way[1:], "version", "--short")...)
		ask.Env, ask.Timeout = r.group.Env, time.Minute
		err := door.Text(ctx, ask).Error()
		if err == nil {
			return way[0], way[1:], nil
		}
		asked = append(asked, err)
	}
	return "", nil, fault.New(fault.Missing, "apt-get install docker-compose-plugin (docker-compose where that is not known)",
		fmt.Errorf("find Docker Compose: %w", errors.Join(asked...)))
}

// explain adds to what Compose said why a container is not up, and the way out of
// what two checkouts of one project run into.
func (r *Running) explain(ctx context.Context, err error) error {
	var failed *command.Error
	if !errors.As(err, &failed) {
		return fmt.Errorf("start services: %w", err)
	}
	hint := ""
	switch said := failed.Stderr; {
	case strings.Contains(said, "is already in use by container"):
		hint = "remove container_name from the compose file: with it only one copy of the service can run"
	case strings.Contains(said, "port is already allocated"), strings.Contains(said, "address already in use"):
		hint = `publish a free port: ports: ["5432"] instead of ["5432:5432"]; the job finds it in IACT_SERVICE_NAME_PORT`
	case strings.Contains(said, "no such service"):
		hint = "docker compose config --services lists the services"
	}
	// A dependency that is not healthy is all that Compose says of it.
	_, why := r.docker.Up(context.WithoutCancel(ctx), time.Second)
	switch {
	case why != nil && strings.HasPrefix(why.Error(), "start container"):
		return fault.New(fault.Failed, hint, why)
	case why != nil && ctx.Err() != nil:
		return fmt.Errorf("start services: %w: %w", context.Cause(ctx), why)
	}
	return fault.New(fault.Failed, hint, fmt.Errorf("start services of %s: %w", strings.Join(r.group.Files, ", "), err))
}

// keepLogs writes what the containers said. It is the last chance, and no reason
// to leave them running.
func (r *Running) keepLogs(ctx context.Context) {
	if r.group.Logs == "" || r.docker.Door.Planning() {
		return
	}
	all, err := r.docker.List(ctx)
	if err != nil || os.MkdirAll(r.group.Logs, 0o700) != nil {
		return
	}
	for _, c := range all {
		file, err := os.OpenFile(r.logOf(c.Name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return
		}
		_ = errors.Join(r.docker.Log(ctx, c, 0, file), file.Close())
	}
}

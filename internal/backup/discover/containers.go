package discover

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
)

// Container is a running container, as a listing shows it.
type Container struct {
	ID, Name, Image string
	Compose         string // PROJECT/SERVICE, "" when Compose did not make it
	Ports           string // as docker ps prints them
	Unwanted        bool   // its label iact.backup says false
}

// Containers lists the running containers.
func Containers(ctx context.Context, door *command.Door, docker *source.Docker) ([]Container, error) {
	out, err := docker.Text(ctx, door, "ps", "--no-trunc", "--format", strings.Join([]string{
		"{{.ID}}", "{{.Names}}", "{{.Image}}", `{{.Label "com.docker.compose.project"}}/{{.Label "com.docker.compose.service"}}`, `{{.Label "iact.backup"}}`, "{{.Ports}}",
	}, "\t"))
	if err != nil {
		return nil, err
	}
	var all []Container
	for line := range strings.Lines(out) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) < 6 {
			continue
		}
		c := Container{ID: fields[0], Name: fields[1], Image: fields[2], Unwanted: fields[4] == "false", Ports: fields[5]}
		// Links of other containers give it more names.
		for name := range strings.SplitSeq(fields[1], ",") {
			if !strings.Contains(name, "/") {
				c.Name = name
			}
		}
		if len(fields[3]) > 1 {
			c.Compose = fields[3]
		}
		all = append(all, c)
	}
	return all, nil
}

// Via names the container in a configuration.
func (c Container) Via() string { return "docker:" + c.Name }

// port is one that a container listens at, as far as its listing tells; outside
// is 0 when this machine has none for it.
type port struct{ inside, outside int }

func (c Container) ports() []port {
	var all []port
	for one := range strings.SplitSeq(c.Ports, ",") {
		outside, inside, published := strings.Cut(strings.TrimSpace(one), "->")
		if !published {
			outside, inside = "", outside
		}
		number, isTCP := strings.CutSuffix(inside, "/tcp")
		in, err := strconv.Atoi(number)
		if !isTCP || err != nil { // a range, which no database has
			continue
		}
		out, _ := strconv.Atoi(outside[strings.LastIndex(outside, ":")+1:])
		all = append(all, port{in, out})
	}
	return all
}

// hint is the kind of server that a container looks like from outside, "" for
// none. A port that it names weighs more than its image.
func (c Container) hint() string {
	all := c.ports()
	for _, kind := range []string{source.KindPostgres, source.KindMariaDB} {
		if slices.ContainsFunc(all, func(p port) bool { return p.inside == portOf(kind) }) {
			return kind
		}
	}
	if len(all) == 0 {
		return source.KindOfImage(c.Image)
	}
	return ""
}

// processes asks which servers run in a container. known is false when nobody
// can tell.
func (c Container) processes(ctx context.Context, door *command.Door, docker *source.Docker) (kinds []string, known bool) {
	out, err := docker.Text(ctx, door, "top", c.ID, "-o", "pid,comm")
	if err != nil {
		return nil, false
	}
	for line := range strings.Lines(out) {
		kind := ""
		switch fields := strings.Fields(line); {
		case len(fields) < 2:
		case fields[1] == "postgres" || fields[1] == "postmaster":
			kind = source.KindPostgres
		case fields[1] == "mariadbd" || fields[1] == "mysqld":
			kind = source.KindMariaDB
		}
		if kind != "" && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds, true
}

// container finds the servers of a container.
func (f *Finder) container(ctx context.Context, c Container) []Server {
	kinds, known := c.processes(ctx, f.Door, f.Docker)
	hint := c.hint()
	if !known && hint != "" {
		kinds = []string{hint}
	}
	if len(kinds) == 0 {
		return nil
	}
	facts := c.facts(ctx, f.Door, f.Docker)
	all := f.look(ctx, c.Via(), kinds)
	for i := range all {
		s := &all[i]
		s.container = c
		for _, p := range c.ports() {
			if p.inside == s.port() && p.outside != 0 {
				s.Reached = append(s.Reached, Address{localhost, p.outside})
			}
		}
		for _, host := range facts.addresses {
			s.Reached = append(s.Reached, Address{host, s.port()})
		}
		if s.State == NeedsPassword && s.Fix == "" {
			s.Fix = fetch(c, s, facts.variables)
		}
	}
	return all
}

// facts are what docker knows of a container beside what runs in it.
type facts struct {
	variables []string // the names alone
	addresses []string
}

const factsFormat = `{{range .Config.Env}}{{println "variable" (index (split . "=") 0)}}{{end}}` +
	`{{range .NetworkSettings.Networks}}{{println "address" .IPAddress}}{{end}}`

// facts asks for them. Without them a server is found all the same.
func (c Container) facts(ctx context.Context, door *command.Door, docker *source.Docker) facts {
	var all facts
	out, err := docker.Text(ctx, door, "container", "inspect", "--format", factsFormat, c.ID)
	if err != nil {
		return all
	}
	for line := range strings.Lines(out) {
		switch fields := strings.Fields(line); {
		case len(fields) == 2 && fields[0] == "variable":
			all.variables = append(all.variables, fields[1])
		case len(fields) == 2 && fields[0] == "address":
			all.addresses = append(all.addresses, fields[1])
		}
	}
	return all
}

// fetch is the line that puts the password of a server where it is looked for.
// The container often holds it; it goes from there into the file, and is seen
// by nobody.
func fetch(c Container, s *Server, variables []string) string {
	names := map[string][]string{
		source.KindPostgres: {"POSTGRES_PASSWORD", "POSTGRESQL_POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD"},
		source.KindMariaDB:  {"MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"},
	}[s.Kind]
	for _, name := range names {
		if slices.Contains(variables, name) {
			return intoFile(s.PasswordFile, command.Read("docker", "exec", c.Name, "printenv", name))
		}
		if slices.Contains(variables, name+"_FILE") {
			return intoFile(s.PasswordFile, command.Read("docker", "exec", c.Name, "sh", "-c", `cat "$`+name+`_FILE"`))
		}
	}
	return putPassword(s)
}

package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/survey"
	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
)

// The least versions of the written procedure.
const (
	leastDocker  = "20.10"
	leastCompose = "2.0"
)

// answer is a question of step 10 and how it came out: evidence, or an error with
// its hint.
type answer struct {
	code, es, en string
	ask          func(context.Context) (string, error)
	fix          string // where the error has no hint
}

// validate is step 10: all findings stand in one table. What a step of this
// invocation has measured is not measured again. It fails with what is not
// fulfilled, which is no reason to take back what the steps before have done.
func (r *Room) validate(ctx context.Context, w *procedure.Work) error {
	m, err := r.machine(ctx, w)
	if err != nil {
		return err
	}
	began := r.o.Now()
	asked := append(r.standing(w, m), answer{"HV-RUN-001", "Un contenedor habla", "A container speaks", func(ctx context.Context) (string, error) {
		proof, err := r.spoken(ctx, m)
		return fmt.Sprintf("one of %s said %q", proof.Image, proof.Said), err
	}, "host:hello"})
	var seen survey.Report
	var unseen error
	var all errgroup.Group
	var found []verdict.Finding
	all.Go(func() error { found = findings(ctx, asked); return nil })
	all.Go(func() error { seen, unseen = r.probed(ctx, m); return nil })
	_ = all.Wait() // neither returns an error
	if ctx.Err() != nil {
		return command.Stopped(ctx)
	}
	if unseen != nil {
		found = append(found, verdict.Finding{
			Code: "HV-NET-001", State: verdict.Fail, Title: verdict.Say("Red y recursos", "Network and resources"), Seen: unseen.Error(),
			Cause: verdict.Same("nothing of it could be measured"), Fix: verdict.Same(hintOf(unseen, "host:network")),
		})
	}
	found = append(found, seen.Findings...)
	report := survey.Report{Place: m.Name(), State: verdict.Worst(found), Took: r.o.Now().Sub(began), Findings: found}
	w.Publish(report, func(out io.Writer) { _ = report.Write(out, w.Lang) })
	w.Defer(unfulfilled("validate", m, report))
	return nil
}

// standing are the questions that only read.
func (r *Room) standing(w *procedure.Work, m *machine) []answer {
	evidence := func(check procedure.Check) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			said, err := check(ctx, w)
			return string(said), err
		}
	}
	return []answer{
		{"HV-DKR-001", "Docker responde", "Docker answers", m.dockerVersion, "host:docker installs and starts it"},
		{"HV-USE-001", "El usuario puede usarlo", "The user may use it", evidence(r.inGroup), "host:group"},
		{"HV-CMP-001", "Compose", "Compose", m.composeVersion, "host:compose installs it"},
		{"HV-SET-001", "Configuración en vigor", "Settings in effect", evidence(r.inEffect), "host:daemon"},
		{"HV-USE-002", "Uso del disco y redes", "Disk use and networks", m.use, "docker system df and docker network ls show it"},
	}
}

// findings asks all at once, and keeps their order.
func findings(ctx context.Context, asked []answer) []verdict.Finding {
	found := make([]verdict.Finding, len(asked))
	var all errgroup.Group
	for i, a := range asked {
		all.Go(func() error {
			f := verdict.Finding{Code: a.code, State: verdict.OK, Title: verdict.Say(a.es, a.en)}
			said, err := a.ask(ctx)
			if f.Seen = said; err != nil {
				cause, fix := "it was asked, and did not answer as it should", hintOf(err, a.fix)
				if errors.Is(err, procedure.ErrNotDone) {
					cause, fix = "the step before this has not done it", a.fix
				}
				f.State, f.Seen, f.Cause, f.Fix = verdict.Fail, err.Error(), verdict.Same(cause), verdict.Same(fix)
			}
			found[i] = f
			return nil
		})
	}
	_ = all.Wait() // no question returns an error
	return found
}

func hintOf(err error, otherwise string) string {
	if hint := fault.Hint(err); hint != "" {
		return hint
	}
	return otherwise
}

// ask is a question to the docker client, which has its limit.
func (m *machine) ask(ctx context.Context, args ...string) (string, error) {
	c := command.Read("docker", args...)
	c.Env, c.As, c.Timeout = m.env, m.asks(ctx), 20*time.Second
	out, err := m.Text(ctx, c).String()
	return strings.TrimSpace(out), err
}

func (m *machine) dockerVersion(ctx context.Context) (string, error) {
	said, err := m.ask(ctx, "version", "--format", "{{json .}}")
	if err != nil {
		return "", fmt.Errorf("ask the docker daemon: %w", err)
	}
	var v struct {
		Client struct{ Version string }
		Server struct{ Version, ApiVersion string } //nolint:revive // as Docker spells it
	}
	if err := json.Unmarshal([]byte(said), &v); err != nil {
		return "", fmt.Errorf("ask the docker daemon: %w", err)
	}
	if older(v.Server.Version, leastDocker) {
		return "", fmt.Errorf("docker is %s, and %s is the least", v.Server.Version, leastDocker)
	}
	return fmt.Sprintf("docker %s, API %s; client %s", v.Server.Version, v.Server.ApiVersion, v.Client.Version), nil
}

func (m *machine) composeVersion(ctx context.Context) (string, error) {
	said, err := m.ask(ctx, "compose", "version", "--short")
	if err != nil {
		return "", fmt.Errorf("docker has no Compose, or it does not answer: %w", err)
	}
	if version := strings.TrimPrefix(said, "v"); older(version, leastCompose) {
		return "", fmt.Errorf("compose says %q, and %s is the least", said, leastCompose)
	}
	return "compose " + said, nil
}

// use counts what there is, which takes the daemon's own books.
func (m *machine) use(ctx context.Context) (string, error) {
	said, err := m.ask(ctx, "system", "df", "--format", "{{.Type}} {{.Size}}")
	if err != nil {
		return "", fmt.Errorf("ask for the disk use: %w", err)
	}
	nets, err := m.ask(ctx, "network", "ls", "--quiet")
	if err != nil {
		return "", fmt.Errorf("list networks: %w", err)
	}
	return fmt.Sprintf("%s; %d networks", strings.Join(strings.Split(said, "\n"), ", "), len(strings.Fields(nets))), nil
}

// older says whether a version is below another one, by their first two numbers.
// What is no version is older than all.
func older(version, least string) bool {
	number := func(text string) (numbers [2]int, ok bool) {
		for i, part := range strings.SplitN(text, ".", 3) {
			n, err := strconv.Atoi(part)
			if i == 2 {
				break
			}
			if err != nil {
				return numbers, false
			}
			numbers[i] = n
		}
		return numbers, true
	}
	have, ok := number(version)
	want, _ := number(least)
	return !ok || have[0] < want[0] || have[0] == want[0] && have[1] < want[1]
}

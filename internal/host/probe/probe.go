// Package probe measures what containers of a host get: names, the way out, one
// another, a published port, packets of full size, proxies, the clock, the disk,
// limits, volumes, and images of a registry. Nothing is taken from a setting
// that can be measured.
//
// The programs in its containers are the host's own. The image holds one script
// and not a program: /usr and /lib of the host are mounted into it, read only,
// and perl, which every Debian and Ubuntu has, runs the script. So no registry
// has to be reached, no compiler be there, nothing be uploaded, and the programs
// are of the right architecture, also on another machine behind ssh. (A program
// of ours would have to be built for that machine and sent there, twenty
// megabytes each time; busybox or an image may not be there; what hello makes on
// the spot cannot look up names.) The same script runs on the host itself, and a
// container is judged by what the host reaches: where that reaches nothing,
// Docker is not to blame.
//
// All that is made has one name of this run and a label, and is removed when the
// run ends, however it ends. What a killed run has left, the next one removes.
package probe

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/survey"
	"iact-infra/internal/verdict"
)

// Probe looks at the Docker host behind a door.
type Probe struct {
	Door  *command.Door
	Env   []string // of the docker client: which daemon it asks
	As    string   // who it asks as; "" is who we are there
	Want  Want
	Now   func() time.Time
	Limit time.Duration // for an answer of the daemon; 0: 20 s

	token  string // of this run, in all its names
	secret string // what only our server says
	mounts []string
	daemon daemon
}

// Want is what the host is to give. A zero field asks for nothing.
type Want struct {
	Outside  []string // HOST:PORT, that the host and its containers are to reach
	Image    string   // that a registry is to give
	Required bool     // what the host itself does not reach is a failure, too
	Ports    []int    // that containers will publish
	Writes   int      // small ones that reach the disk in a second
}

// daemon is what a daemon says of itself: the part of `docker info` that counts
// here.
type daemon struct {
	ServerVersion string
	HTTPProxy     string `json:"HttpProxy"`
	HTTPSProxy    string `json:"HttpsProxy"`
}

// deadline is for everything together; each part has its own besides.
const deadline = 2 * time.Minute

// Run measures and judges. An error says that nothing could be measured.
func (p *Probe) Run(ctx context.Context) (survey.Report, error) {
	began := p.Now()
	ctx, stop := context.WithTimeout(ctx, deadline)
	defer stop()
	if err := p.open(ctx); err != nil {
		return survey.Report{}, err
	}
	facts, err := p.measured(ctx)
	if err != nil {
		return survey.Report{}, err
	}
	findings := facts.Judge(p.Want)
	return survey.Report{Place: p.Door.Name(), State: verdict.Worst(findings), Took: p.Now().Sub(began), Findings: findings}, nil
}

// measured takes everything away again, also when it was interrupted.
func (p *Probe) measured(ctx context.Context) (facts *Facts, err error) {
	if err := p.sweep(ctx, func(token string) bool { return gone(token, p.Now()) }); err != nil {
		return nil, err
	}
	defer func() {
		clean, stop := context.WithTimeout(context.WithoutCancel(ctx), 3*p.limit())
		defer stop()
		if left := p.sweep(clean, func(token string) bool { return token == p.token }); left != nil {
			err = errors.Join(err, left)
		}
	}()
	if err := p.prepare(ctx); err != nil {
		return nil, err
	}
	facts = p.measure(ctx)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("measure what containers get: %w", command.Stopped(ctx))
	}
	return facts, nil
}

// open asks the daemon who it is, and for what the containers need of the host.
func (p *Probe) open(ctx context.Context) error {
	p.token, p.secret = newToken(p.Now()), rand.Text()
	said, err := p.docker(ctx, p.limit(), "info", "--format", "{{json .}}")
	if err == nil {
		err = json.Unmarshal([]byte(said), &p.daemon)
	}
	if err == nil && p.daemon.ServerVersion == "" {
		err = errors.New("it says nothing of itself")
	}
	if err != nil {
		return fault.New(fault.Missing, "host:docker installs and starts it; docker info shows more", fmt.Errorf("ask the docker daemon: %w", err))
	}
	// --mount refuses what is not there; -v would make it.
	const look = `test -x /usr/bin/perl || exit 3; for d in /usr /bin /sbin /lib /lib32 /lib64; do if [ -d "$d" ]; then echo "$d"; fi; done`
	found, err := p.Door.Text(ctx, command.Read("sh", "-c", look)).String()
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == 3 {
		return fault.New(fault.Missing, "apt-get install perl-base, or the package perl", fmt.Errorf("look for /usr/bin/perl on %s: it is not there, and the probes run by it", p.Door.Name()))
	}
	if err != nil {
		return fmt.Errorf("look for programs on %s: %w", p.Door.Name(), err)
	}
	for _, dir := range strings.Fields(found) {
		p.mounts = append(p.mounts, "--mount", "type=bind,readonly,source="+dir+",target="+dir)
	}
	return nil
}

func (p *Probe) limit() time.Duration {
	if p.Limit == 0 {
		return 20 * time.Second
	}
	return p.Limit
}

// docker runs the client. A daemon that hangs says nothing, ever: so each call
// has its limit.
func (p *Probe) docker(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	c := command.Change("docker", args...)
	c.Env, c.As, c.Timeout = p.Env, p.As, limit
	out, err := p.Door.Text(ctx, c).String()
	return strings.TrimSpace(out), err
}

// create is docker for what makes something. It is not interrupted: a client that
// is killed leaves it open whether the daemon goes on without it.
func (p *Probe) create(ctx context.Context, args ...string) error {
	if ctx.Err() != nil {
		return command.Stopped(ctx)
	}
	_, err := p.docker(context.WithoutCancel(ctx), p.limit(), args...)
	return err
}

// why is a failure in one line.
func why(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	var failed *command.Error
	if errors.As(err, &failed) && strings.TrimSpace(failed.Stderr) != "" {
		text = strings.TrimSpace(failed.Stderr)
	}
	line, _, _ := strings.Cut(text, "\n")
	return line
}

package host

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/host/hello"
	"iact-infra/internal/procedure"
)

// asks is who docker answers: the one who is logged in, or root where this
// session began before they came into the group.
func (m *machine) asks(ctx context.Context) string {
	m.once.Do(func() {
		if m.uid == "0" {
			return
		}
		ask := command.Read("docker", "version", "--format", "{{.Server.Version}}")
		ask.Env, ask.Timeout = m.env, 20*time.Second
		if err := m.Run(ctx, ask); err != nil && strings.Contains(err.Error(), "permission denied") {
			m.answered = m.root()
		}
	})
	return m.answered
}

// greet is step 7: a container is started, and says something.
func (r *Room) greet(ctx context.Context, w *procedure.Work) error {
	m, err := r.machine(ctx, w)
	if err != nil {
		return err
	}
	proof, err := r.spoken(ctx, m)
	if err != nil {
		return err
	}
	if proof.Own {
		w.Say.Warn("the registry was not reached: %s", proof.Why)
	}
	w.Publish(proof, func(out io.Writer) {
		fmt.Fprintf(out, "docker %s on %s ran %s: %s\n", proof.Version, m.name(), proof.Image, proof.Said)
	})
	return nil
}

// spoken is the proof, made once in an invocation: step 10 takes that of step 7.
func (r *Room) spoken(ctx context.Context, m *machine) (hello.Proof, error) {
	r.speaking.Lock()
	defer r.speaking.Unlock()
	if r.spoke != nil {
		return *r.spoke, nil
	}
	c, err := r.o.Config()
	if err != nil {
		return hello.Proof{}, err
	}
	proof, err := (&hello.Hello{Door: m.Door, Env: m.env, As: m.asks(ctx), Image: c.Host.Hello}).Run(ctx)
	if err != nil {
		return proof, err
	}
	r.spoke = &proof
	return proof, nil
}

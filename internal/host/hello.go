package host

import (
	"context"
	"fmt"
	"io"

	"iact-infra/internal/host/hello"
	"iact-infra/internal/procedure"
)

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
	r.measuring.Lock()
	defer r.measuring.Unlock()
	if r.spoke != nil {
		return *r.spoke, nil
	}
	c, err := r.o.Config()
	if err != nil {
		return hello.Proof{}, err
	}
	proof, err := (&hello.Hello{Door: m.Door, Env: m.env, Image: c.Host.Hello}).Run(ctx)
	if err != nil {
		return proof, err
	}
	r.spoke = &proof
	return proof, nil
}

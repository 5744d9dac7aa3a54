package release

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"time"
)

const errSilent = sentinel("the other side fell silent")

// again repeats try until it succeeds, fails for good, or failed five times in a row without progress. A try that does
// not touch for as long as our patience lasts is cut off, which counts as a passing failure.
func (s Source) again(ctx context.Context, try func(ctx context.Context, touch func()) (progress bool, err error)) error {
	const tries = 5
	patience := cmp.Or(s.Patience, 20*time.Second)
	for failures := 0; ; {
		progress, err := once(ctx, patience, try)
		if ctx.Err() != nil {
			return fmt.Errorf("cut off: %w", ctx.Err())
		}
		if err == nil || !passing(err) {
			return err
		}
		if progress {
			failures = 0
		}
		if failures++; failures == tries {
			return fmt.Errorf("after %d attempts: %w", tries, err)
		}
		pause := time.NewTimer(cmp.Or(s.Backoff, time.Second/2) << (failures - 1))
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
	}
}

func once(ctx context.Context, patience time.Duration, try func(context.Context, func()) (bool, error)) (bool, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(patience, func() { cancel(errSilent) })
	defer silence.Stop()
	progress, err := try(ctx, func() { silence.Reset(patience) })
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		err = errSilent
	}
	return progress, err
}

// passing reports whether the failure may be gone in a moment: what the network does to us, and a server that says so.
// Not what the file system says, nor a name or a certificate that is wrong.
func passing(err error) bool {
	var status *statusError
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var disk *fs.PathError // of this machine, or of a place that is a directory
	switch {
	case errors.As(err, &status):
		return status.passing()
	case errors.As(err, &name):
		return !name.IsNotFound
	default:
		return !errors.As(err, &certificate) && !errors.As(err, &disk) && !errors.Is(err, errGone)
	}
}

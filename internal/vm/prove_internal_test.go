package vm

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"iact-infra/internal/fault"
)

func TestAMachineThatHangsWhileItBootsIsStartedOnceMore(t *testing.T) {
	t.Parallel()
	closed := errors.New("connection refused")
	for name, c := range map[string]struct {
		opens  time.Duration // after its last start
		hangs  int           // starts that lead nowhere
		starts int
		want   string
	}{
		"one that boots":             {opens: time.Minute, starts: 1},
		"one that hung once":         {opens: time.Minute, hangs: 1, starts: 2},
		"one that never lets anyone": {hangs: 9, starts: 2, want: "after 8m0s nobody gets in: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began, started := time.Now(), 1
				try := func(context.Context) (error, error) {
					if started > c.hangs && time.Since(began) >= c.opens {
						return nil, nil
					}
					return closed, nil
				}
				again := func(context.Context) error {
					began, started = time.Now(), started+1
					return nil
				}
				starts, err := booted(t.Context(), try, again)
				if starts != c.starts || starts != started {
					t.Errorf("it was started %d times, and %d are told, want %d", started, starts, c.starts)
				}
				if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || fault.Code(err) != fault.Invalid) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}

func TestAMachineThatIsOffAgainIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	off := errors.New("it is off again")
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := booted(t.Context(), func(context.Context) (error, error) { return nil, off }, nil)
		if !errors.Is(err, off) || time.Since(began) != 0 {
			t.Errorf("after %s it says %v", time.Since(began), err)
		}
	})
}

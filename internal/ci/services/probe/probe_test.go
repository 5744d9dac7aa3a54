package probe_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"iact-infra/internal/ci/services/probe"
)

// server hands each connection to f.
func server(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f(c)
		}
	}()
	return l.Addr().String()
}

func TestAServerIsThereWhenItSpeaksOrListens(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		f    func(net.Conn)
		want string
	}{
		"speaks":                         {func(c net.Conn) { _, _ = c.Write([]byte("220 hello")); c.Close() }, ""},
		"listens":                        {func(net.Conn) {}, ""},
		"a proxy without anybody behind": {func(c net.Conn) { c.Close() }, "closes each connection at once"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := probe.Port(t.Context(), server(t, test.f))
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnAddressAnswersBelow400(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/missing")
		w.WriteHeader(map[string]int{"/": 200, "/moved": 302}[r.URL.Path] + map[bool]int{true: 503}[r.URL.Path == "/down"])
	}))
	t.Cleanup(s.Close)
	for path, good := range map[string]bool{"/": true, "/moved": true, "/down": false} {
		if err := probe.HTTP(t.Context(), s.URL+path); (err == nil) != good {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestTryingEndsWithTheContextAndTellsTheLastReason(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped, refused := errors.New("stopped"), errors.New("refused")
	tries := 0
	err := probe.Until(ctx, func(context.Context) error {
		if tries++; tries == 3 {
			cancel(stopped)
		}
		return refused
	})
	if !errors.Is(err, stopped) || !errors.Is(err, refused) || tries != 3 {
		t.Errorf("%d tries: %v", tries, err)
	}
}

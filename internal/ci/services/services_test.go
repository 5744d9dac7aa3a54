package services_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/ci/leftover"
	"iact-infra/internal/ci/services"
	"iact-infra/internal/command"
)

// TestMain is also the server that the tests start, and the run that dies.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("TEST_SERVE") != "":
		serve(os.Getenv("TEST_SERVE"))
	case os.Getenv("TEST_DIE") != "":
		die(os.Getenv("TEST_DIE"))
	default:
		os.Exit(m.Run())
	}
}

// serve answers 503 twice, then 200.
func serve(address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	asked := 0
	fmt.Println("listening at " + l.Addr().String())
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
}

// die brings services up and is killed before it can take them down.
func die(state string) {
	door := command.NewDoor(command.Local())
	g := services.Group{Dir: "/", Programs: []services.Program{{Name: "sleeper", Run: "setsid sleep 4321 & echo up; wait", Ready: services.Ready{Log: "^up$"}}}}
	if _, err := services.Up(context.Background(), door, state, g); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

func door() *command.Door { return command.NewDoor(command.Local()) }

// free is an address where nobody listens. Another program may take it; the test
// then fails with that program's error and not silently.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func self(t *testing.T) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

func records(t *testing.T, state string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(state, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestAProgramIsUpWhenItAnswersAndGoneAfterDown(t *testing.T) {
	t.Parallel()
	state, logs, address := t.TempDir(), t.TempDir(), free(t)
	r, err := services.Up(t.Context(), door(), state, services.Group{
		Dir: t.TempDir(), Env: []string{"TEST_SERVE=" + address}, Logs: logs,
		Programs: []services.Program{{
			Name: "api", Run: "echo starting >&2; setsid " + self(t),
			Ready: services.Ready{Log: "^listening", TCP: address, HTTP: "http://" + address + "/"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Services) != 1 || r.Services[0].Name != "api" {
		t.Errorf("services: %+v", r.Services)
	}
	if len(leftover.Find(leftover.Mark(r.Name))) == 0 || len(records(t, state)) != 1 {
		t.Errorf("its processes do not carry its name, or it has no record: %v", records(t, state))
	}
	if err := r.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := leftover.Find(leftover.Mark(r.Name)); len(left) > 0 || len(records(t, state)) > 0 {
		t.Errorf("left: %v, records %v", left, records(t, state))
	}
	if log, err := os.ReadFile(filepath.Join(logs, "api.log")); err != nil || !strings.HasPrefix(string(log), "starting\nlistening") {
		t.Errorf("log %q, %v", log, err)
	}
}

func TestAProgramThatIsNotUpSaysWhyAndIsGone(t *testing.T) {
	t.Parallel()
	silent := free(t)
	for name, test := range map[string]struct {
		program services.Program
		limit   time.Duration
		want    []string
	}{
		"ends":          {services.Program{Run: "echo no such database; exit 3", Ready: services.Ready{TCP: silent}}, time.Minute, []string{"start db: it has ended", "exit 3", "no such database"}},
		"ends well":     {services.Program{Run: "true", Ready: services.Ready{Log: "ready"}}, time.Minute, []string{"it has ended with exit code 0", "it said: nothing"}},
		"says nothing":  {services.Program{Run: "sleep 5432", Ready: services.Ready{Log: "ready"}}, time.Second, []string{"not up after 1s", "no line of its output matches ready"}},
		"never listens": {services.Program{Run: "sleep 5432", Ready: services.Ready{TCP: silent}}, time.Second, []string{"not up after 1s", "refused"}},
		"bad pattern":   {services.Program{Run: "true", Ready: services.Ready{Log: "("}}, time.Minute, []string{"missing closing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := t.TempDir()
			test.program.Name = "db"
			_, err := services.Up(t.Context(), door(), state, services.Group{Dir: t.TempDir(), Programs: []services.Program{test.program}, Limit: test.limit})
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
			if left := records(t, state); len(left) > 0 {
				t.Errorf("records left: %v", left)
			}
		})
	}
}

func TestWhatAKilledRunLeftIsSweptAndWhatALivingOneHasStays(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	living, err := services.Up(t.Context(), door(), state, services.Group{Dir: "/", Programs: []services.Program{{Name: "mine", Run: "sleep 6543"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer living.Down(context.Background())
	killed := command.Read(self(t))
	killed.Env = []string{"TEST_DIE=" + state}
	if err := door().Run(t.Context(), killed); err == nil || !strings.Contains(err.Error(), "SIGKILL") {
		t.Fatalf("the run ended otherwise: %v", err)
	}
	names := records(t, state)
	if len(names) != 2 {
		t.Fatalf("records %v", names)
	}
	dead := strings.TrimSuffix(filepath.Base(names[slices.IndexFunc(names, func(n string) bool { return !strings.Contains(n, living.Name) })]), ".json")
	if len(leftover.Find(leftover.Mark(dead))) == 0 {
		t.Fatal("the killed run has left nothing to sweep")
	}
	swept, err := services.Sweep(t.Context(), door(), state)
	if err != nil || !slices.Equal(swept, []string{dead}) {
		t.Errorf("swept %v, %v", swept, err)
	}
	if left := leftover.Find(leftover.Mark(dead)); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if len(leftover.Find(leftover.Mark(living.Name))) == 0 {
		t.Error("the services of a living run are gone")
	}
	if again, err := services.Sweep(t.Context(), door(), state); err != nil || len(again) > 0 {
		t.Errorf("swept again %v, %v", again, err)
	}
}

func TestARecordThatIsNoneIsNamedAndLeftAlone(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	for name, text := range map[string]string{"cut.json": `{"name": "iact`, "other.json": `{"name": "production", "compose": true}`} {
		if err := os.WriteFile(filepath.Join(state, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	swept, err := services.Sweep(t.Context(), door(), state)
	if len(swept) > 0 || err == nil || !strings.Contains(err.Error(), "cut.json") || !strings.Contains(err.Error(), "names production") {
		t.Errorf("swept %v, %v", swept, err)
	}
	if swept, err := services.Sweep(t.Context(), door(), filepath.Join(state, "never")); err != nil || len(swept) > 0 {
		t.Errorf("without a directory: %v, %v", swept, err)
	}
}

func TestAPlanPrintsWhatWouldBeStarted(t *testing.T) {
	t.Parallel()
	var plan strings.Builder
	state := t.TempDir()
	r, err := services.Up(t.Context(), command.NewDoor(command.Local(), command.Planning(&plan)), state,
		services.Group{Dir: "/srv", Programs: []services.Program{{Name: "api", Run: "python3 manage.py runserver"}}})
	if err != nil || r.Down(t.Context()) != nil {
		t.Fatal(err)
	}
	if !strings.Contains(plan.String(), "python3 manage.py runserver") || len(records(t, state)) > 0 {
		t.Errorf("plan %q, records %v", plan.String(), records(t, state))
	}
}

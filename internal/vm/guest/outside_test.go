package guest_test

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/vm/guest"
)

// server answers each connection with a text, after it has read when it waits.
func server(t *testing.T, waits bool, answer string) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if waits {
				_, _ = conn.Read(make([]byte, 64)) // who goes away is answered by nobody
			}
			_, _ = conn.Write([]byte(answer))
			conn.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func way(kind string, port int) guest.Way {
	return guest.Way{Machine: "box", Kind: kind, Address: "127.0.0.1", Port: port, Database: "d", User: "django_user", Password: `s:e\cret`}
}

const greeting = "\x4a\x00\x00\x00\x0a5.5.5-10.11.6-MariaDB\x00rest"

func TestADatabaseIsReachedFromThisHost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind, program, prints, want string
		waits                       bool
		answer                      string
	}{
		{"PostgreSQL", "psql", "1 3 schema_version\n", "", true, "S"},
		{"PostgreSQL", "psql", "1 0 \n", "warn tables in d: 0 without schema_version", true, "N"},
		{"MariaDB", "mariadb", "1 3 schema_version\n", "", false, greeting},
		{"MariaDB", "mariadb", "1 3\n", "warn tables in d: 3 without schema_version", false, greeting},
	} {
		var file string
		fake := commandtest.New(t, commandtest.Expect(test.program, commandtest.Rest).Reading().Prints(test.prints))
		got := unwell(guest.Outside(t.Context(), command.NewDoor(fake), nil, way(test.kind, server(t, test.waits, test.answer))))
		if got != test.want {
			t.Errorf("%s %q: %s, want %s", test.kind, test.prints, got, test.want)
		}
		seen := fake.Seen()[0]
		for _, word := range append(seen.Args, seen.Env...) {
			if strings.Contains(word, "cret") {
				t.Errorf("the password is in %s", word)
			}
			if _, name, is := strings.Cut(word, "FILE="); is {
				file = name
			}
			if _, name, is := strings.Cut(word, "extra-file="); is {
				file = name
			}
		}
		if _, err := os.Stat(file); file == "" || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file with the password is %q: %v", file, err)
		}
	}
}

func TestWhatAnswersIsTheRightServer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind   string
		waits  bool
		answer string
		want   string
	}{
		{"PostgreSQL", true, "HTTP/1.1 400", "what answers there is no PostgreSQL"},
		{"PostgreSQL", true, "", "it closes the connection"},
		{"MariaDB", false, "SSH-2.0-OpenSSH_9.2 and so on", "what answers there is no MariaDB"},
		{"MariaDB", false, "\x20\x00\x00\x00\xff\x6a\x04Host '10.0.2.2' is not allowed", "it refuses: Host '10.0.2.2' is not allowed"},
		{"web", true, "SSH-2.0-OpenSSH_9.2", "what answers there is no web server"},
		{"web", true, "HTTP/1.1 200 OK\r\nServer: x\r\n", ""},
	} {
		got := unwell(guest.Outside(t.Context(), command.NewDoor(commandtest.New(t)), nil, way(test.kind, server(t, test.waits, test.answer))))
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s answers %q: %s, want %q", test.kind, test.answer, got, test.want)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody is there
	if got := unwell(guest.Outside(t.Context(), command.NewDoor(commandtest.New(t)), nil, way("MariaDB", l.Addr().(*net.TCPAddr).Port))); !strings.Contains(got, "connection refused") {
		t.Errorf("nobody is there: %s", got)
	}
}

func TestWithoutAClientHereItIsAskedInside(t *testing.T) {
	t.Parallel()
	f := ask(t, time.Now())
	found := guest.Outside(t.Context(), command.NewDoor(commandtest.New(t).Lacks("psql")), func() (*guest.Facts, error) { return f, nil }, way("PostgreSQL", server(t, true, "S")))
	if got := unwell(found); got != "" || len(found) != 3 || found[1].Name != "query as django_user in PostgreSQL from inside" || found[1].Seen != "django_user (no program psql here)" {
		t.Errorf("got %s, %+v", got, found)
	}
	found = guest.Outside(t.Context(), command.NewDoor(commandtest.New(t).Lacks("mariadb", "mysql")), func() (*guest.Facts, error) { return nil, errors.New("it is gone") }, way("MariaDB", server(t, false, greeting)))
	if got := unwell(found); got != "fail query as django_user in MariaDB from inside: it is gone" {
		t.Errorf("got %s", got)
	}
}

func TestTheMachinesOwnTestsBecomeRows(t *testing.T) {
	t.Parallel()
	fake := commandtest.New(t, commandtest.Expect("sh", commandtest.Rest).Prints("\x1b[32m[PASS]\x1b[0m MariaDB running\nnoise\n[FAIL] DB ivr_legacy\n== 1\n"))
	found, err := guest.Suite(t.Context(), command.NewDoor(fake), "box")
	if got := unwell(found); err != nil || len(found) != 3 || got != "fail bootstrap_test.sh: DB ivr_legacy; fail exit code of bootstrap_test.sh: 1" {
		t.Errorf("got %s, %v", got, err)
	}
	found, err = guest.Suite(t.Context(), command.NewDoor(commandtest.New(t, commandtest.Expect("sh", commandtest.Rest))), "box")
	if err != nil || len(found) != 0 {
		t.Errorf("a machine without tests has %+v, %v", found, err)
	}
}

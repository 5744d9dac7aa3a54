package command_test

import (
	"context"
	"errors"
	"os"
	"os/user"
	"strings"
	"testing"

	"iact-infra/internal/command"
)

func testingContext() context.Context { return context.Background() }

// shell gives the words that sh sees in a printed command line.
func shell(t testing.TB, line string) []string {
	t.Helper()
	out, err := command.NewDoor(command.Local()).Text(t.Context(), command.Read("sh", "-c", line)).String()
	if err != nil {
		t.Fatalf("sh -c %q: %v", line, err)
	}
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
}

func FuzzAPrintedCommandMeansTheSameToAShell(f *testing.F) {
	for _, seed := range []string{"plain", "", "a b", "it's", `"$HOME"`, "`id`", "~/x", "*", "a\nb", "-n", "x=y", "\\", "é€", "\xff\xfe", "#", "!x", "{a,b}", "''", "a'\\''b", "\t", "&&", "%s"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		one, two = strings.ReplaceAll(one, "\x00", ""), strings.ReplaceAll(two, "\x00", "")
		c := command.Read("printf", `%s\0`, "<"+one, two, one)
		c.Env = []string{"ADDED=" + two}
		got := shell(t, c.String())
		want := []string{"<" + one, two, one}
		if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
			t.Errorf("%s\ngave %q, want %q", c, got, want)
		}
		c = command.Read("sh", "-c", `printf %s\\0 "$ADDED"`)
		c.Env = []string{"ADDED=" + two}
		if got := shell(t, c.String()); got[0] != two {
			t.Errorf("%s\ngave %q, want %q", c, got[0], two)
		}
	})
}

func TestAPrintedCommandIsReadyToPaste(t *testing.T) {
	t.Parallel()
	group := primaryGroup(t, "nobody")
	base := command.Change("pg_dump", "-Fc", "-Z0", "--file=a b", "db")
	in, with, as, odd, word := base, base, base, command.Read("A=b", "x"), command.Read("time", "ls")
	in.Dir = "/srv/my data"
	with.Env = []string{"PGHOST=/run/pg", "PGPASSWORD=s3cret!"}
	with.Secrets = []string{"s3cret!"}
	as.As = "nobody"
	as.Env = []string{"PGHOST=/run/pg"}
	for want, got := range map[string]string{
		"pg_dump -Fc -Z0 '--file=a b' db":                                 base.String(),
		"(cd '/srv/my data' && pg_dump -Fc -Z0 '--file=a b' db)":          in.String(),
		"PGHOST=/run/pg PGPASSWORD='***' pg_dump -Fc -Z0 '--file=a b' db": with.String(),
		"HOME=" + home(t, "nobody") + " PGHOST=/run/pg setpriv --reuid=nobody --regid=" + group + " --init-groups --pdeathsig TERM -- pg_dump -Fc -Z0 '--file=a b' db": as.ShownTo(0),
		"sudo -n -u nobody -- env PGHOST=/run/pg pg_dump -Fc -Z0 '--file=a b' db":                                                                                      as.ShownTo(12345),
		"'A=b' x":   odd.String(),
		"'time' ls": word.String(),
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestTheCurrentUserNeedsNoPrefix(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	c := command.Read("id", "-u")
	c.As = me.Username
	if got := c.String(); got != "id -u" {
		t.Errorf("got %s", got)
	}
	if out, err := command.NewDoor(command.Local()).Text(t.Context(), c).String(); err != nil || strings.TrimSpace(out) != me.Uid {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestAnotherUserRunsTheProgramWithItsOwnHome(t *testing.T) {
	t.Parallel()
	c := command.Read("sh", "-c", `echo "$(id -un) $HOME $(pwd) $ADDED $LC_ALL"`)
	c.As, c.Env = "nobody", []string{"ADDED=yes"}
	out, err := command.NewDoor(command.Local()).Text(t.Context(), c).String()
	if os.Geteuid() != 0 {
		// Whether sudo lets us through is the machine's affair; who ran is not.
		if err == nil && !strings.HasPrefix(out, "nobody ") || err != nil && !strings.Contains(err.Error(), "sudo") {
			t.Errorf("got %q, %v", out, err)
		}
		return
	}
	if want := "nobody " + home(t, "nobody") + " / yes C\n"; err != nil || out != want {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
}

func TestAnUnknownUserIsNamed(t *testing.T) {
	t.Parallel()
	c := command.Read("id")
	c.As = "no-such-user"
	err := command.NewDoor(command.Local()).Run(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "run id as no-such-user: no such user") {
		t.Errorf("got %v", err)
	}
}

func TestASecretIsNotGivenToSudo(t *testing.T) {
	t.Parallel()
	c := command.Read("psql")
	c.As, c.Env, c.Secrets = "nobody", []string{"PGUSER=x", "PGPASSWORD=hunter2"}, []string{"hunter2\n"}
	err := c.AllowedTo(12345)
	if err == nil || !strings.Contains(err.Error(), "PGPASSWORD") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	if err := c.AllowedTo(0); err != nil {
		t.Errorf("setpriv keeps the environment out of sight, yet: %v", err)
	}
}

func TestACommandThatCannotRunIsRefused(t *testing.T) {
	t.Parallel()
	door := command.NewDoor(command.Local())
	for name, c := range map[string]command.Command{
		"no program is named":                 {},
		"environment entry X is not":          {Program: "true", Env: []string{"X"}},
		"environment entry 'a b' is not":      {Program: "true", Env: []string{"a b=c"}},
		"enter directory /no/such/dir":        {Program: "true", Dir: "/no/such/dir"},
		"find program ./true: not in PATH":    {Program: "./true"},
		"find program /etc/passwd: not in PA": {Program: "/etc/passwd"},
	} {
		err := door.Run(t.Context(), c)
		var e *command.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

func primaryGroup(t *testing.T, name string) string {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		t.Fatal(err)
	}
	return g.Name
}

func home(t *testing.T, name string) string {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return u.HomeDir
}

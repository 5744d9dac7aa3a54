package command_test

import (
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
)

func TestAFarPlaceKeepsThePromisesOfATransport(t *testing.T) {
	t.Parallel()
	commandtest.Conform(t, command.Nearby())
}

func TestPlacesAreNamedAsInTheConfiguration(t *testing.T) {
	t.Parallel()
	places := &command.Places{}
	for _, good := range []string{
		"local", "ssh:db", "ssh:backup@db.example:2222", "ssh:root@[::1]:22", "ssh:root@[fe80::1]", "docker:iact_pg-1", "compose:db", "compose:iact/db", "vagrant:iact-devbox",
	} {
		transport, err := places.Transport(good)
		if err != nil || transport.Name() != good {
			t.Errorf("%s: %v", good, err)
		}
		if again, _ := places.Transport(good); again != transport {
			t.Errorf("%s is made twice: its connection would not be shared", good)
		}
	}
	for _, bad := range []string{"", "ssh:", "ssh:-oProxyCommand=x", "ssh:a b", "docker:--privileged", "docker:a;b", "vagrant:../x", "telnet:x", "compose:a/b/c", "local:x"} {
		if _, err := places.Transport(bad); err == nil || !strings.Contains(err.Error(), "is not local, ssh:USER@HOST") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestACommandOfAnotherPlaceIsShownAsItIsTypedHere(t *testing.T) {
	t.Parallel()
	c := command.Read("pg_dump", "-Fc", "-d", "my db")
	c.As, c.Env, c.Secrets = "postgres", []string{"PGPASSWORD=s3cret!"}, []string{"s3cret!"}
	places := &command.Places{SSHConfig: "/etc/my ssh", VagrantDir: "/srv/vm"}
	for via, want := range map[string]string{
		"ssh:root@db:2222":   `ssh -F '/etc/my ssh' -p 2222 root@db 'sudo -u postgres PGPASSWORD='\''***'\'' pg_dump -Fc -d '\''my db'\'''`,
		"docker:iact_pg":     `docker exec -i -u postgres -e 'PGPASSWORD=***' iact_pg pg_dump -Fc -d 'my db'`,
		"vagrant:postgresql": `(cd /srv/vm && vagrant ssh postgresql -c 'sudo -u postgres PGPASSWORD='\''***'\'' pg_dump -Fc -d '\''my db'\''')`,
	} {
		transport, err := places.Transport(via)
		if err != nil {
			t.Fatal(err)
		}
		if got := transport.Show(c); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", via, got, want)
		}
	}
}

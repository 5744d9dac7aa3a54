package endtoend_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// TestRealEveryPathOfRestoreMdLeadsBack types docs/restore.md, as TestRealEverythingInTheReadmesWorks types the READMEs,
// beside a PostgreSQL and a MariaDB, after a night's backup.
func TestRealEveryPathOfRestoreMdLeadsBack(t *testing.T) {
	t.Parallel()
	const name = "docs/restore.md"
	document, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	commands, err := session(string(document))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	night := typed{shell: "go tool mage backup:all", want: []string{"…"}}
	commands = slices.Concat([]typed{night}, commands)
	checkout := filepath.Join(t.TempDir(), "iact-infra")
	copyCheckout(t, checkout)
	compare(t, name, checkout, commands, play(t, checkout, append(analytics(t), legacy(t)...), commands))
}

// legacy starts a MariaDB of its own, with the one database that restore.md speaks of, and returns the environment in
// which it is found.
func legacy(t *testing.T) []string {
	t.Helper()
	server := testbed.OwnMariaDB(t)
	client := command.Change("mariadb", append(server.Login(), "--database=mysql")...)
	client.Stdin = strings.NewReader(`CREATE DATABASE ivr_legacy CHARACTER SET utf8mb4;
USE ivr_legacy;
CREATE TABLE menus (id INT PRIMARY KEY, prompt VARCHAR(200)) ENGINE=InnoDB;
INSERT INTO menus SELECT seq, CONCAT('prompt ', seq) FROM seq_1_to_500;
CREATE VIEW first_menus AS SELECT * FROM menus WHERE id < 10;
`)
	if err := command.NewDoor(command.Local()).Run(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	// An option file of the distribution wins over the variable, and this one over that.
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "my.cnf"), []byte("[client]\nsocket="+server.Socket+"\nuser="+server.User+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"MYSQL_UNIX_PORT=" + server.Socket, "MYSQL_HOME=" + home}
}

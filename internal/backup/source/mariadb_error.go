package source

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// explain adds the way out to what a client program of MariaDB says. program is
// the one that failed, whatever it was started by.
func (s *MariaDBServer) explain(program string, err error) error {
	var failed *command.Error
	if err == nil || !errors.As(err, &failed) {
		return err
	}
	failed.Program = program
	if failed.Signal != "" {
		return fault.New(0, "somebody ended it, or the machine ran out of memory (dmesg tells): run the backup again", err)
	}
	code := errorNumber(failed.Stderr)
	switch code {
	case 1045, 1698: // access denied
		return fault.New(0, s.loginHint(), fmt.Errorf("%w%s", err, s.passwordNote()))
	case 2002, 2003, 2005: // no connection
		return fault.New(0, "start the server (systemctl start mariadb), or correct socket, host and port of the source", err)
	case 2006, 2013: // it went away
		return fault.New(0, "the server ended the connection: see its log (journalctl -u mariadb), then run the backup again", err)
	case 1044, 1142, 1143, 1227, 1370:
		return fault.New(0, "grant the login what a whole dump needs: GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON the database, and SELECT ON mysql.proc", err)
	case 126, 127, 138, 144, 145, 1034, 1035, 1194, 1195:
		return fault.New(0, "copy the files of the table that the error names, then run REPAIR TABLE (MyISAM, Aria); rows that it loses are in older sets", err)
	case 1356:
		return fault.New(0, "the view is broken: correct what it reads (SHOW CREATE VIEW), or drop it", err)
	case 1449:
		return fault.New(0, "create the user that the error names (CREATE USER … ACCOUNT LOCK is enough), or give the object another definer", err)
	case 1412:
		return fault.New(0, "somebody changed a table during the dump: run the backup again", err)
	case 2020, 1153:
		return fault.New(0, "a row is larger than 1 GiB, the most that a client takes: shorten it", err)
	}
	return err
}

// errorNumber finds the number of the error that ended a program: mariadb says
// "ERROR 1045 (28000): …", mariadb-dump "Got error: 1045: …", "Error 2013: …"
// or "Couldn't execute '…': … (1356)". It is 0 when there is none.
func errorNumber(stderr string) int {
	if strings.Contains(stderr, "insufficient privileges") || strings.Contains(stderr, "insufficent privileges") {
		return 1142
	}
	for _, form := range []string{`(?:ERROR|Error|Got error:) (\d+)(?: \(\w+\))?:`, `(?m)\((\d{3,4})\)$`} {
		if found := regexp.MustCompile(form).FindAllStringSubmatch(stderr, -1); len(found) > 0 {
			number, _ := strconv.Atoi(found[len(found)-1][1])
			return number
		}
	}
	return 0
}

// loginHint is the way out of a login that was refused.
func (s *MariaDBServer) loginHint() string {
	if s.PasswordFile != "" {
		return "correct user or the password in " + s.PasswordFile
	}
	return "log in by unix_socket (run as that user, or as: USER), or give user and password_file, or put them into ~/.my.cnf"
}

// passwordNote names where the password came from.
func (s *MariaDBServer) passwordNote() string {
	if s.PasswordFile == "" {
		return ""
	}
	return " (the password is that in " + s.PasswordFile + ")"
}

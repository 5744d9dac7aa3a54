package cluster

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"iact-infra/internal/command"
)

// ErrNoMariaDB says that this machine has no MariaDB server programs.
var ErrNoMariaDB = errors.New("no MariaDB server programs on this machine")

// MariaDB is how to reach a MariaDB server. Its user needs no password at the socket and may not log in through its port
// on 127.0.0.1; users with a password may.
type MariaDB struct {
	Socket string
	Port   int
	User   string // may do everything
	Data   string // the directory of the server's files
}

// The variables that hand a running server to the tests.
const (
	SocketVariable    = "IACT_TEST_MYSQL_SOCKET"
	MySQLPortVariable = "IACT_TEST_MYSQL_PORT"
	MySQLUserVariable = "IACT_TEST_MYSQL_USER"
	DataVariable      = "IACT_TEST_MYSQL_DATA"
)

// Env is the server as NAME=VALUE lines.
func (m MariaDB) Env() []string {
	return []string{
		SocketVariable + "=" + m.Socket, MySQLPortVariable + "=" + strconv.Itoa(m.Port),
		MySQLUserVariable + "=" + m.User, DataVariable + "=" + m.Data,
	}
}

// MariaDBFromEnv reads what Env wrote. Without a socket there is no server; with one, everything must be there.
func MariaDBFromEnv(getenv func(string) string) (m MariaDB, found bool, err error) {
	m = MariaDB{Socket: getenv(SocketVariable), User: getenv(MySQLUserVariable), Data: getenv(DataVariable)}
	if m.Socket == "" {
		return MariaDB{}, false, nil
	}
	port := getenv(MySQLPortVariable)
	if m.Port, err = strconv.Atoi(port); err != nil || m.Port < 1 || m.Port > 65535 {
		return MariaDB{}, false, fmt.Errorf("read %s: %q is not a port", MySQLPortVariable, port)
	}
	if m.User == "" || m.Data == "" {
		return MariaDB{}, false, fmt.Errorf("read %s: %s and %s are needed too", SocketVariable, MySQLUserVariable, DataVariable)
	}
	return m, true, nil
}

// StartMariaDB is Start for a MariaDB server.
func StartMariaDB(ctx context.Context, door *command.Door, root string) (m MariaDB, stop func(context.Context) error, err error) {
	getenv, stop, err := launch(ctx, door, script(root, "mariadb.sh"), ErrNoMariaDB)
	if err != nil {
		return MariaDB{}, nil, err
	}
	m, found, err := MariaDBFromEnv(getenv)
	if err == nil && !found {
		err = errors.New("start a private MariaDB: its script printed no socket")
	}
	if err != nil {
		return MariaDB{}, nil, errors.Join(err, stop(context.WithoutCancel(ctx)))
	}
	return m, stop, nil
}

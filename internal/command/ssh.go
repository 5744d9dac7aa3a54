package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// SSHOptions say how to reach a host by the OpenSSH client, which reads its own
// configuration, known hosts and agent. It is never let ask anything.
type SSHOptions struct {
	Name   string // of the transport
	Target string // [USER@]HOST, or a Host of the configuration
	Port   string // empty is the configuration's
	Config string // -F; empty is the user's own
}

// ssh holds one connection to a host; every command is a session in it.
type ssh struct {
	o SSHOptions

	mu     sync.Mutex
	socket string // of the connection
	master *process
	stop   context.CancelFunc
}

// NewSSH is the transport to a host. It is reached when the first command runs.
// Close ends the connection.
func NewSSH(o SSHOptions) *Far {
	s := &ssh{o: o}
	return &Far{name: o.Name, reach: s.reach, shown: s.shown, fails: s.fails, close: s.close, packs: true}
}

// options are those of every ssh that is run.
func (s *ssh) options() []string {
	var args []string
	if s.o.Config != "" {
		args = append(args, "-F", s.o.Config)
	}
	if s.o.Port != "" {
		args = append(args, "-p", s.o.Port)
	}
	return args
}

// quiet are those of an ssh that nobody sits at: it asks nothing, forwards
// nothing, and notices within a minute that the other end is gone.
func quiet() []string {
	var args []string
	for _, option := range []string{
		"BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=15", "ServerAliveCountMax=3", "ClearAllForwardings=yes",
		"ForwardAgent=no", "ForwardX11=no", "RequestTTY=no", "RemoteCommand=none",
	} {
		args = append(args, "-o", option)
	}
	return args
}

// shown leaves out what a person at a terminal does not need.
func (s *ssh) shown(c Command) string {
	as := c.As
	c.As = ""
	line := c.String()
	if as != "" {
		line = "sudo -u " + as + " " + line
	}
	return Read("ssh", append(s.options(), s.o.Target, line)...).String()
}

// reach makes sure that the connection stands, and runs a line in it.
func (s *ssh) reach(ctx context.Context, line, as string) (Command, error) {
	control, err := s.connected(ctx)
	if err != nil {
		return Command{}, err
	}
	args := append(s.options(), quiet()...)
	args = append(args, "-o", "ControlMaster=no", "-o", "ControlPath="+control, "--", s.o.Target, asUser(line, as))
	return Read("ssh", args...), nil
}

// asUser is a line that runs another as a user. Both are lines for any shell
// that knows single quotes.
func asUser(line, as string) string {
	if as == "" {
		return line
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(line, "sh -c '"), "'")
	return fmt.Sprintf(`sh -c 'if [ "$(id -un)" = "%[1]s" ]; then exec sh -c "$0"; elif [ "$(id -u)" = 0 ]; then `+
		`exec env HOME="$(eval echo "~%[1]s")" setpriv --reuid="%[1]s" --regid="$(id -g "%[1]s")" --init-groups -- sh -c "$0"; `+
		`else exec sudo -n -u "%[1]s" -- sh -c "$0"; fi' '%[2]s'`, as, inner)
}

// connected gives the control socket of the connection, which it makes when
// there is none or the last one has gone.
func (s *ssh) connected(ctx context.Context) (control string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.master != nil {
		select {
		case <-s.master.done:
			s.stop()
			s.master = nil
		default:
			return s.socket, nil
		}
	}
	if s.socket == "" {
		dir, err := socketDir()
		if err != nil {
			return "", err
		}
		s.socket = filepath.Join(dir, rand.Text()[:12])
	}
	return s.socket, s.connect(ctx)
}

// socketDir is a directory of this user alone. It is short, since the path of a
// socket holds 107 bytes, and always the same, so that none is left behind: ssh
// removes its socket also when this process is killed.
func socketDir() (string, error) {
	base := os.Getenv("XDG_RUNTIME_DIR")
	if base == "" {
		base = "/tmp"
	}
	dir := filepath.Join(base, "iact-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || info.Mode().Perm() != 0o700 || ok && int(st.Uid) != os.Getuid() {
		return "", fmt.Errorf("use directory %s for connections: it is not a directory of this user with mode 0700: remove it", dir)
	}
	return dir, nil
}

// connect starts the program that holds the connection and waits until it
// stands. ssh runs LocalCommand when it does.
func (s *ssh) connect(ctx context.Context) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	args := append(s.options(), quiet()...)
	args = append(args, "-N", "-o", "ControlMaster=yes", "-o", "ControlPath="+s.socket, "-o", "ControlPersist=no",
		"-o", "PermitLocalCommand=yes", "-o", "LocalCommand=echo up", "--", s.o.Target)
	var life context.Context
	life, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.master, err = startLocal(life, Read("ssh", args...), write, nil)
	if err != nil {
		s.stop()
		s.master = nil
		var missing *NotFound
		if errors.As(err, &missing) {
			missing.Package = "openssh-client"
		}
		return err
	}
	free := context.AfterFunc(ctx, func() { read.SetReadDeadline(time.Now()) })
	defer free()
	read.SetReadDeadline(time.Now().Add(farStart))
	n, _ := read.Read(make([]byte, 16))
	if n > 0 {
		return nil
	}
	master := s.master
	s.master = nil
	select {
	case <-master.done: // it said why
	case <-time.After(drained):
	}
	s.stop()
	<-master.done
	if err := Stopped(ctx); err != nil {
		return err
	}
	return s.fails(master.ending.Stderr, master.ending.Err)
}

func (s *ssh) fails(said string, err error) error {
	return &Unreachable{Place: s.o.Name, Why: because(said, "ssh", err), Fix: s.fix(said), Err: err}
}

// fix says what to do about what ssh said.
func (s *ssh) fix(said string) string {
	host := s.o.Target[strings.LastIndex(s.o.Target, "@")+1:]
	try := Read("ssh", append(s.options(), s.o.Target, "true")...).String()
	for _, known := range [][2]string{
		{"IDENTIFICATION HAS CHANGED", "if the host was made anew, forget its old key: ssh-keygen -R " + knownAs(host, s.o.Port) + "; if not, somebody may sit in between"},
		{"Host key verification failed", "log in once by hand and compare its fingerprint: " + try},
		{"Could not resolve hostname", "correct the name in via, or add the host to ~/.ssh/config"},
		{"Permission denied", "give it a key that it knows (ssh-copy-id " + s.o.Target + "), or load yours: ssh-add; then see that this works without a question: " + try},
		{"Too many authentication", "name one key in ~/.ssh/config: IdentityFile and IdentitiesOnly yes"},
		{"Connection refused", "start its ssh server, or correct host and port"},
		{"timed out", "see that it is on and that no firewall is in between"},
		{"No route to host", "see that it is on, and on a network that this machine reaches"},
		{"Bad configuration option", "correct the configuration file of ssh"},
		{"a password is required", "let sudo ask for no password there (NOPASSWD), or log in as the user himself"},
		{"setpriv: ", "see that the user of `as` exists there"},
		{"UNPROTECTED PRIVATE KEY FILE!", "chmod 600 the key file"},
	} {
		if strings.Contains(said, known[0]) {
			return known[1]
		}
	}
	return "see that this works without a question: " + try
}

// knownAs is how known_hosts names a host.
func knownAs(host, port string) string {
	if port == "" || port == "22" {
		return host
	}
	return "'[" + host + "]:" + port + "'"
}

func (s *ssh) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.master != nil {
		s.stop()
		<-s.master.done
		s.master = nil
	}
}

// because is one line that says why a place was not reached.
func because(said, program string, err error) string {
	if strings.Contains(said, "IDENTIFICATION HAS CHANGED") {
		return "its host key has changed"
	}
	if last := lastLine(said, program); last != "" {
		return last
	}
	if err != nil {
		return err.Error()
	}
	return program + " ended without a word"
}

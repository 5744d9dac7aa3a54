package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// MariaDBTool is a dump program.
type MariaDBTool struct {
	Program string
	Version string // 10.11.19, 8.0.36
	MySQL   bool   // Oracle's
}

// MariaDBDump says how a database is dumped. Two dumps of the same data that
// are made alike hold the same text.
type MariaDBDump struct {
	Tool     MariaDBTool
	Database string
	Lock     bool // locks the tables instead of a transaction
	History  bool // of tables WITH SYSTEM VERSIONING
	NoEvents bool // the server refuses to show them
}

// FindMariaDBTool finds the dump program and its version.
func FindMariaDBTool(ctx context.Context, door *command.Door) (MariaDBTool, error) {
	for _, program := range []string{"mariadb-dump", "mysqldump"} {
		printed, err := door.Text(ctx, command.Read(program, "--version")).String()
		var missing *command.NotFound
		if errors.As(err, &missing) {
			continue
		}
		if err != nil {
			return MariaDBTool{}, fmt.Errorf("ask %s for its version: %w", program, err)
		}
		version := regexp.MustCompile(`(?:Distrib|from|Ver) (\d+\.\d+\.\d+)`).FindStringSubmatch(printed)
		if version == nil {
			return MariaDBTool{}, fmt.Errorf("ask %s for its version: %q names none", program, strings.TrimSpace(printed))
		}
		return MariaDBTool{Program: program, Version: version[1], MySQL: !strings.Contains(printed, "MariaDB")}, nil
	}
	return MariaDBTool{}, fault.New(fault.Missing, installClient, &command.NotFound{Program: "mariadb-dump"})
}

// Dump is the command of a dump.
func (s *MariaDBServer) Dump(d MariaDBDump) command.Command {
	args := []string{"--quick", "--routines", "--triggers", "--events", "--hex-blob", "--no-tablespaces"}
	if d.NoEvents {
		args[3] = "--skip-events"
	}
	if d.Lock {
		args = append(args, "--skip-single-transaction", "--lock-tables")
	} else {
		args = append(args, "--single-transaction")
	}
	// The limit of the client is 16 MiB by default; memory is taken as rows need
	// it. Without its date the dump of the same data is the same, and its last
	// line has to be there whatever an option file says. A dump with lines that
	// lock tables does not load where a column takes its default from a sequence.
	args = append(args, "--max-allowed-packet=1G", "--default-character-set=utf8mb4", "--comments", "--skip-dump-date", "--skip-add-locks")
	if d.Tool.MySQL {
		args = append(args, "--set-gtid-purged=OFF", "--column-statistics=0")
	}
	if d.History {
		args = append(args, "--dump-history")
	}
	return s.Client(d.Tool.Program, append(args, "--", d.Database)...)
}

// keepsHistory says whether the program knows --dump-history.
func (t MariaDBTool) keepsHistory() bool { return !t.MySQL && release(t.Version) >= 1011 }

// release is 1011 for 10.11.19.
func release(version string) int {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return 0
	}
	major, _ := strconv.Atoi(parts[0])
	minor, _ := strconv.Atoi(parts[1])
	return major*100 + minor
}

// DumpTrailer begins the line that a dump program writes only when it has
// finished.
const DumpTrailer = "-- Dump completed"

// dumpText is a dump on its way: it knows how it ended and how long its longest
// line is, which is what a server has to take at once.
type dumpText struct {
	r             io.Reader
	tail          []byte
	line, longest int64
}

func (d *dumpText) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	read := p[:n]
	for i := bytes.IndexByte(read, '\n'); i >= 0; i = bytes.IndexByte(read, '\n') {
		d.longest = max(d.longest, d.line+int64(i))
		d.line, read = 0, read[i+1:]
	}
	d.line += int64(len(read))
	const enough = 256
	d.tail = append(d.tail, p[max(0, n-enough):n]...)
	d.tail = append(d.tail[:0], d.tail[max(0, len(d.tail)-enough):]...)
	return n, err
}

func (d *dumpText) whole() bool { return bytes.Contains(d.tail, []byte("\n"+DumpTrailer)) }

// packet is the max_allowed_packet with which a server takes the dump: rows are
// gathered to statements of 1 MiB, and one row may be larger than that.
func (d *dumpText) packet() int64 {
	const step = 1 << 20
	return (max(d.longest, d.line)/step + 3) * step
}

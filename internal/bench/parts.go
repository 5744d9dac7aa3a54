package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/testbed/cluster"
)

// All measures all parts, or the one that is named, and fails when a promise does not hold. It needs
// PostgreSQL, MariaDB, OpenSSH, Docker, tar, zstd, gzip, restic and GNU time, and some 8 GB in dir.
func All(ctx context.Context, door *command.Door, root, only string, out io.Writer) error {
	return (&bench{door: door, root: root, out: out, made: map[string]bool{}}).measure(ctx, only)
}

// CPython measures the part cpython, with a profile if wanted.
func CPython(ctx context.Context, door *command.Door, root string, profile bool, out io.Writer) error {
	return (&bench{door: door, root: root, out: out, profile: profile}).measure(ctx, toolchainPart)
}

// toolchainPart is the name of the part about CPython.
const toolchainPart = "cpython"

// VM measures the part vm: it needs libvirt, which runs.
func VM(ctx context.Context, door *command.Door, root string, out io.Writer) error {
	return (&bench{door: door, root: root, out: out}).measure(ctx, machinePart)
}

// machinePart is the name of the part about virtual machines.
const machinePart = "vm"

// CI measures the part ci: it needs npm, and Python with pytest and flake8 of Debian.
func CI(ctx context.Context, door *command.Door, root string, out io.Writer) error {
	return (&bench{door: door, root: root, out: out}).measure(ctx, pipelinePart)
}

// pipelinePart is the name of the part about the CI/CD pipeline.
const pipelinePart = "ci"

// part is some of what is measured, with data of its own.
type part struct {
	name    string
	measure func(context.Context) error
	apart   bool // only when it is named: it takes long; it needs no PostgreSQL
}

func (b *bench) parts() []part {
	database := func(name string) func(context.Context) error {
		return func(ctx context.Context) error {
			if err := b.make(ctx, name); err != nil {
				return err
			}
			if err := b.database(ctx, name); err != nil {
				return err
			}
			return b.restore(ctx, name)
		}
	}
	return []part{
		{name: "pgbench", measure: database("pgbench")},
		{name: "dense", measure: database("dense")},
		{name: "mariadb", measure: b.mariadb},
		{name: "ssh", measure: b.ssh},
		{name: "volume", measure: b.volume},
		{name: "tree", measure: b.tree},
		{name: "rotation", measure: b.rotation},
		{name: "start", measure: b.start},
		{name: toolchainPart, measure: b.cpython, apart: true},
		{name: machinePart, measure: b.vm, apart: true},
		{name: pipelinePart, measure: b.ci, apart: true},
	}
}

// chosen are the parts that a name asks for; none asks for those that do not stand apart.
func chosen(parts []part, only string) ([]part, error) {
	var names []string
	var all []part
	for _, p := range parts {
		names = append(names, p.name)
		if p.name == only || only == "" && !p.apart {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Usage, "leave -only out, or name one of "+strings.Join(names, ", "), fmt.Errorf("measure: there is no part %s", only))
	}
	return all, nil
}

func (b *bench) measure(ctx context.Context, only string) (err error) {
	parts, err := chosen(b.parts(), only)
	if err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "iact-bench-"); err != nil {
		return err
	}
	b.iact = filepath.Join(b.dir, "iact")
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if slices.ContainsFunc(parts, func(p part) bool { return !p.apart }) {
		server, stop, err := cluster.Start(ctx, b.door, b.root)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop(context.WithoutCancel(ctx))) }()
		b.pg = server
	}
	if err := b.compile(ctx); err != nil {
		return err
	}
	for _, part := range parts {
		if err := part.measure(ctx); err != nil {
			return err
		}
	}
	return b.verdict()
}

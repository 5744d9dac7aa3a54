package house

import (
	"crypto/rand"
	"io"
	"os"
	"time"

	"iact-infra/internal/procedure"
)

// Room gives the table of one procedure. It is asked for it once, by the first
// target that needs the registry, and should leave reading the configuration to
// its steps where it can: procedure:show then works with a broken one too.
type Room func(*House) (procedure.Procedure, error)

// Environment is everything that a House takes from outside.
type Environment struct {
	// Args is the command line without the program's name.
	Args           []string
	Getenv         func(string) string
	Stdin          *os.File
	Stdout, Stderr *os.File
	Workdir        string
	Now            func() time.Time
	Random         io.Reader
	// Rooms are the rooms of the house, in the order of the written procedures.
	Rooms []Room
	// Signals lets targets end their work in order on Ctrl-C and SIGTERM.
	Signals bool
}

// Process is the environment of this process.
func Process() Environment {
	return Environment{
		Args:    os.Args[1:],
		Getenv:  os.Getenv,
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Workdir: ".",
		Now:     time.Now,
		Random:  rand.Reader,
		Rooms:   rooms(),
		Signals: true,
	}
}

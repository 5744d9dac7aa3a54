package vboxtest

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// State is all that a VirtualBox knows.
type State struct {
	Home     string
	Version  string // 7.0.14r161095
	Warning  string // what stands before every output
	CRLF     bool   // lines end as on Windows
	Machines []*Machine
	Media    []*Medium
	Networks []*Network
	Refusals []Refusal
	Written  map[string]string // the UUIDs in images that are not registered, by path
}

// Machine is a registered machine.
type Machine struct {
	ID, Name, File string
	State          string // as --machinereadable has it
	Since          time.Time
	StateFile      string
	Inaccessible   bool
	Description    string
	Memory, CPUs   int // MB
	Controllers    []Controller
	Disks          []Attachment
	NICs           []NIC
	Extra          map[string]string
	Properties     map[string]string
	Snapshots      []*Snapshot // parents before their children
	Current        string
}

// Controller is a bus that disks are plugged into.
type Controller struct {
	Name, Type string
	Ports      int
}

// Attachment is a disk at a port.
type Attachment struct {
	Controller   string
	Port, Device int
	Medium       string
}

// NIC is a network adapter.
type NIC struct {
	Kind, Name, MAC string // nat, hostonly, bridged, intnet, null; "" is none
	Forwards        []string
}

// Snapshot is one of a machine.
type Snapshot struct {
	ID, Name, Description, Parent string
	Time                          time.Time
	StateFile                     string
	Disks                         []Attachment
}

// Medium is a disk image.
type Medium struct {
	ID, Parent, Path, Format string
	Size                     int64
	WriteThrough             bool // snapshots leave it out
}

// Network is a host-only interface and its DHCP server.
type Network struct {
	Name, IP string
	DHCP     bool
	Leases   map[string]string // by MAC
}

// with gives the state to a change, and keeps what that makes of it.
func with(home string, change func(s *State) error) error {
	lock, err := os.OpenFile(filepath.Join(home, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	s := &State{Home: home, Version: "7.0.14r161095"}
	file := filepath.Join(home, "state.json")
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, s)
	}
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	wrong := change(s)
	if text, err = json.MarshalIndent(s, "", " "); err == nil {
		err = os.WriteFile(file+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	return errors.Join(wrong, err)
}

// machine is the one of an id or a name.
func (s *State) machine(id string) *Machine {
	for _, m := range s.Machines {
		if m.ID == id || "{"+m.ID+"}" == id {
			return m
		}
	}
	for _, m := range s.Machines {
		if m.Name == id && !m.Inaccessible {
			return m
		}
	}
	return nil
}

func (s *State) medium(id string) *Medium {
	for _, m := range s.Media {
		if m.ID == id || m.Path == id {
			return m
		}
	}
	return nil
}

func (s *State) add(name, folder string) *Machine {
	m := &Machine{
		ID: newID(), Name: name, State: "poweroff", Since: time.Now().UTC(), Memory: 128, CPUs: 1, NICs: make([]NIC, 8),
		File: filepath.Join(folder, name, name+".vbox"), Extra: map[string]string{}, Properties: map[string]string{},
	}
	s.Machines = append(s.Machines, m)
	return m
}

// create makes an image, empty or with the bytes of another.
func (s *State) create(path, format string, size int64, from string) (*Medium, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := copied(from, path, size); err != nil {
		return nil, err
	}
	m := &Medium{ID: newID(), Path: path, Format: format, Size: size}
	s.Media = append(s.Media, m)
	return m, nil
}

// drop forgets an image, and removes it.
func (s *State) drop(id string) {
	s.Media = slices.DeleteFunc(s.Media, func(m *Medium) bool {
		if m.ID == id {
			_ = os.Remove(m.Path)
		}
		return m.ID == id
	})
}

// copied writes the bytes of a file into a new one, without its zeros.
func copied(from, to string, size int64) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil || from == "" {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	const step = 4 << 10
	for at := 0; at < len(text); at += step {
		part := text[at:min(at+step, len(text))]
		if slices.ContainsFunc(part, func(b byte) bool { return b != 0 }) {
			if _, err := f.WriteAt(part, int64(at)); err != nil {
				return err
			}
		}
	}
	return nil
}

func newID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

package vboxtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// call is one run of the program.
type call struct {
	*State
	args []string
	out  bytes.Buffer
	err  bytes.Buffer
}

// failure is what VBoxManage says when VirtualBox refuses.
type failure struct{ text, code string }

func (f failure) Error() string { return f.text }

// The codes, as VBoxManage prints them.
const (
	notFound      = "VBOX_E_OBJECT_NOT_FOUND (0x80bb0001)"
	invalidState  = "VBOX_E_INVALID_VM_STATE (0x80bb0002)"
	fileError     = "VBOX_E_FILE_ERROR (0x80bb0004)"
	invalidObject = "VBOX_E_INVALID_OBJECT_STATE (0x80bb0007)"
	inUse         = "VBOX_E_OBJECT_IN_USE (0x80bb000c)"
	failed        = "NS_ERROR_FAILURE (0x80004005)"
)

func refuse(code, text string, values ...any) error {
	return failure{fmt.Sprintf(text, values...), code}
}

// run is one VBoxManage.
func run(home string, args []string, stdout, stderr io.Writer) int {
	c := &call{args: args}
	wrong := with(home, func(s *State) error {
		c.State = s
		if s.Warning != "" {
			c.out.WriteString(s.Warning)
		}
		if r := c.refused(); r != nil {
			return r
		}
		return c.do()
	})
	exit := 0
	var said failure
	switch {
	case errors.As(wrong, &said):
		exit = 1
		if said.text != "" {
			fmt.Fprintf(&c.err, "VBoxManage: error: %s\n", said.text)
		}
		if said.code != "" {
			fmt.Fprintf(&c.err, "VBoxManage: error: Details: code %s, component SessionMachine, interface IMachine, callee nsISupports\n", said.code)
			fmt.Fprintf(&c.err, "VBoxManage: error: Context: \"FindMachine(bstrMachine.raw(), pMachine.asOutParam())\" at line 451 of file VBoxManageSnapshot.cpp\n")
		}
	case wrong != nil:
		exit = 70
		fmt.Fprintf(&c.err, "vboxtest: %v\n", wrong)
	}
	write := func(w io.Writer, text []byte) {
		if c.State != nil && c.CRLF {
			text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
		}
		_, _ = w.Write(text)
	}
	write(stderr, c.err.Bytes())
	write(stdout, c.out.Bytes())
	return exit
}

// say prints a line.
func (c *call) say(text string, values ...any) { fmt.Fprintf(&c.out, text+"\n", values...) }

// progress prints what goes to standard error meanwhile.
func (c *call) progress() {
	c.err.WriteString("0%...10%...20%...30%...40%...50%...60%...70%...80%...90%...100%\n")
}

// refused looks for a refusal that was asked for.
func (c *call) refused() error {
	words := slices.Clone(c.args)
	if len(words) > 2 && (words[0] == "snapshot" || words[0] == "controlvm") {
		words = slices.Delete(words, 1, 2)
	}
	line := strings.Join(words, " ")
	for i := range c.Refusals {
		r := &c.Refusals[i]
		if line != r.On && !strings.HasPrefix(line, r.On+" ") || r.Times < 0 {
			continue
		}
		if r.Times--; r.Times == 0 {
			r.Times = -1
		} else if r.Times < 0 {
			r.Times = 0
		}
		if m := c.machine(c.arg(1)); m != nil && r.Leaves != "" && m.State == "running" {
			c.become(m, r.Leaves)
		}
		return failure{r.Says, r.Code}
	}
	return nil
}

func (c *call) arg(n int) string {
	if n < len(c.args) {
		return c.args[n]
	}
	return ""
}

// option is the value of one, --name value or --name=value.
func (c *call) option(name string) string {
	for i, arg := range c.args {
		if value, is := strings.CutPrefix(arg, "--"+name+"="); is {
			return value
		}
		if arg == "--"+name && i+1 < len(c.args) {
			return c.args[i+1]
		}
	}
	return ""
}

func (c *call) flag(name string) bool { return slices.Contains(c.args, "--"+name) }

// become changes a machine's state.
func (c *call) become(m *Machine, state string) {
	m.State, m.Since = state, time.Now().UTC()
}

func (c *call) do() error {
	commands := map[string]func() error{
		"clonemedium": c.clonemedium, "closemedium": c.closemedium, "convertfromraw": c.convertfromraw, "list": c.list,
		"dhcpserver": c.dhcpserver, "hostonlyif": c.hostonlyif, "createvm": c.createvm, "registervm": c.registervm,
	}
	ofMachine := map[string]func(*Machine) error{
		"controlvm": c.controlvm, "discardstate": c.discardstate, "getextradata": c.getextradata, "guestproperty": c.guestproperty,
		"setextradata": c.setextradata, "showvminfo": c.showvminfo, "snapshot": c.snapshot, "startvm": c.startvm, "unregistervm": c.unregistervm,
	}
	first := c.arg(0)
	if first == "--version" || first == "-v" {
		c.say("%s", c.Version)
		return nil
	}
	if do, is := commands[first]; is {
		return do()
	}
	do, is := ofMachine[first]
	if !is {
		return refuse("", "Invalid command '%s'", first)
	}
	id := c.arg(1)
	if first == "guestproperty" {
		id = c.arg(2)
	}
	m := c.machine(id)
	if m == nil && strings.Count(id, "-") == 4 && len(strings.Trim(id, "{}")) == 36 {
		return refuse(notFound, "Could not find a registered machine with UUID {%s}", strings.Trim(id, "{}"))
	}
	if m == nil {
		return refuse(notFound, "Could not find a registered machine named '%s'", id)
	}
	if m.Inaccessible && first != "showvminfo" && first != "unregistervm" {
		return refuse("E_ACCESSDENIED (0x80070005)", "The object functionality is limited")
	}
	return do(m)
}

package journal

import "strings"

// Words are the words of a command line from its first target on. They are read
// as the program that mage generates does: flags of its own come first, of which
// only -t takes a separate value.
func Words(args []string) []string {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
		flag := strings.TrimPrefix(strings.TrimPrefix(args[0], "-"), "-")
		args = args[1:]
		if flag == "" {
			break
		}
		if flag == "t" && len(args) > 0 {
			args = args[1:]
		}
	}
	return args
}

// Named returns what a command line asks for, in lower case and in order.
// Everything after a target that starts with a dash is a flag of that target.
func Named(args []string) []string {
	named := []string{}
	for _, arg := range Words(args) {
		if !strings.HasPrefix(arg, "-") {
			named = append(named, strings.ToLower(arg))
		}
	}
	return named
}

// Asked are the targets of a run, those of the run that it continues included.
func (h Header) Asked() []string {
	if len(h.Targets) > 0 {
		return h.Targets
	}
	return Named(h.Args)
}

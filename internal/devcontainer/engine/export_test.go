package engine

// CheckSettings is where, how and why dockerd would not start with a daemon.json.
func CheckSettings(text string) (line, column int, seen, cause string) {
	f := checkSettings([]byte(text))
	if f == nil {
		return 0, 0, "", ""
	}
	return f.line, f.column, f.seen, f.cause.EN
}

// FlagKey is the key that an option of the command line is in the file.
func FlagKey(word string) string { return flagKey(word) }

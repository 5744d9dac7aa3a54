package checkout

// ParseStatus is for the fuzzer.
func ParseStatus(out string) (State, error) { return parseStatus(out) }

package devcontainer

// Same says that two addresses lead to one repository.
func Same(a, b string) bool { return same(a, b) }

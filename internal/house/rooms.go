package house

// rooms lists every room of the house, in the order of the written procedures.
// A room is added here and in a file of its own, which builds it from what the
// house has: rooms never see one another, nor the house.
func rooms() []Room {
	return []Room{openVM, openHost, openCI, openBackup, openDevcontainer, openCPython}
}

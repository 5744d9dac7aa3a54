package host

import (
	"encoding/json"
	"fmt"
)

// noted reads what a step has noted under its key.
func noted(key string, value json.RawMessage) []string {
	switch key {
	case joinedKey:
		return tell(value, joined.told)
	case updatedKey:
		return tell(value, packaged.told)
	case dockerKey:
		return tell(value, func(note installed) []string { return note.packaged.told() })
	case composeKey:
		return tell(value, composed.told)
	case appliedKey:
		return tell(value, applied.told)
	case settledKey:
		return tell(value, settled.told)
	}
	return nil
}

func tell[T any](value json.RawMessage, how func(T) []string) []string {
	var note T
	if json.Unmarshal(value, &note) != nil {
		return nil // of another version of the toolkit
	}
	return how(note)
}

func (n joined) told() []string {
	all := []string{"user " + n.User + " into group " + group}
	if n.Made {
		all = append(all, "group "+group+" made")
	}
	return all
}

func (n packaged) told() []string {
	var all []string
	for _, p := range n.Record.Packages {
		all = append(all, fmt.Sprintf("package %s: %s → %s", p.Name, orNone(p.Before), orNone(p.After)))
	}
	for _, f := range n.Record.Files {
		all = append(all, "file "+f.Path)
	}
	return all
}

func (n composed) told() []string {
	all := n.packaged.told()
	if n.Plugin.File != "" {
		all = append(all, "file "+n.Plugin.File)
	}
	return all
}

func (n applied) told() []string {
	var all []string
	for _, c := range n.Changes {
		all = append(all, fmt.Sprintf("%s: %s: %s → %s", n.File, c.Key, orNone(c.Old), c.New))
	}
	if n.Backup != "" {
		all = append(all, "what was there is kept as "+n.Backup)
	}
	return all
}

func (n settled) told() []string {
	var all []string
	if n.Token != "" {
		all = append(all, "clone "+n.Dir)
	}
	if n.CLI != "" {
		all = append(all, "@devcontainers/cli "+n.CLI)
	}
	if n.Started {
		all = append(all, "devcontainer started")
	}
	return all
}

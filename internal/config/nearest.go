package config

// Nearest is the name that a person most likely meant by a word, or "" when
// none is near enough.
func Nearest(word string, known []string) string { return nearest(word, known) }

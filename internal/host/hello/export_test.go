package hello

// Program is the program that an image of ours holds.
func Program(arch, said string) ([]byte, error) { return program(arch, said) }

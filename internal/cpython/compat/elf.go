package compat

import (
	"debug/elf"
	"fmt"
	"slices"
	"strings"
)

// machine is for what a file was compiled.
type machine struct {
	class elf.Class
	data  elf.Data
	arch  elf.Machine
}

func (m machine) String() string {
	return strings.TrimPrefix(m.arch.String(), "EM_") + ", " + strings.TrimPrefix(m.class.String(), "ELFCLASS") + " bits"
}

// machineOf reads the header of a program or a library.
func machineOf(path string) (machine, error) {
	file, err := elf.Open(path)
	if err != nil {
		return machine{}, fmt.Errorf("read ELF header: %w", err)
	}
	defer file.Close()
	return machine{file.Class, file.Data, file.Machine}, nil
}

// starts says whether a library is an extension: whether it has the function
// that Python calls for it.
func starts(path, stem string) bool {
	file, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	symbols, err := file.DynamicSymbols()
	return err == nil && slices.ContainsFunc(symbols, func(s elf.Symbol) bool {
		return s.Section != elf.SHN_UNDEF && (s.Name == "PyInit_"+stem || strings.HasPrefix(s.Name, "PyInitU_"))
	})
}

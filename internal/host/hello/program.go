package hello

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// program is a Linux executable that needs nothing of its surroundings, says
// something, and ends: an ELF header, one segment, and the two system calls that
// are write(1, said, len) and exit(0). It has some 300 bytes, so that no image
// and no compiler has to be at hand. Sources: System V ABI, ELF-64; the system
// call tables of Linux for x86-64 and arm64. arch is as Go and Docker call it.
func program(arch, said string) ([]byte, error) {
	var machine elf.Machine
	var code []byte
	switch arch {
	case "amd64":
		machine, code = elf.EM_X86_64, amd64(len(said))
	case "arm64":
		machine, code = elf.EM_AARCH64, arm64(len(said))
	default:
		return nil, fmt.Errorf("make a program for %s: there is none, only for amd64 and arm64", arch)
	}
	const base, headers = 0x400000, 64 + 56
	size := uint64(headers + len(code) + len(said))
	var b bytes.Buffer
	head := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Entry: base + headers, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1, Shentsize: 64,
	}
	segment := elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: 0x1000,
	}
	for _, part := range []any{head, segment, code, []byte(said)} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			return nil, fmt.Errorf("make a program: %w", err)
		}
	}
	return b.Bytes(), nil
}

// amd64 writes the n bytes that follow the code.
func amd64(n int) []byte {
	const after = 5 + 5 + 2 + 2 + 5 + 2 // bytes of code behind the lea
	var b []byte
	b = append(b, 0xbf, 1, 0, 0, 0)                                  // mov edi, 1
	b = append(b, 0x48, 0x8d, 0x35, after, 0, 0, 0)                  // lea rsi, [rip+after]
	b = binary.LittleEndian.AppendUint32(append(b, 0xba), uint32(n)) // mov edx, n
	b = append(b, 0xb8, 1, 0, 0, 0, 0x0f, 0x05)                      // mov eax, write; syscall
	b = append(b, 0x31, 0xff)                                        // xor edi, edi
	return append(b, 0xb8, 60, 0, 0, 0, 0x0f, 0x05)                  // mov eax, exit; syscall
}

// arm64 does the same.
func arm64(n int) []byte {
	const toText = 7 * 4 // from the adr to the end of the code
	var b []byte
	for _, instruction := range []uint32{
		0xd2800020,                       // mov x0, 1
		0x10000001 | toText>>2<<5,        // adr x1, text
		0xd2800002 | uint32(n)&0xffff<<5, // mov x2, n
		0xd2800808, 0xd4000001,           // mov x8, write; svc
		0xd2800000, 0xd2800ba8, 0xd4000001, // mov x0, 0; mov x8, exit; svc
	} {
		b = binary.LittleEndian.AppendUint32(b, instruction)
	}
	return b
}

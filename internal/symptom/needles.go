package symptom

// needles finds the literals of all patterns in one pass. The first four bytes
// of each literal are hashed into a table; a byte position costs one look-up,
// and only a position that hits is compared.
type needles struct {
	patterns []pattern
	table    [1 << hashBits][]int32 // patterns whose literal begins with that hash
}

const (
	hashBits = 12
	hashed   = 4 // bytes of a literal that are hashed
)

func newNeedles(patterns []pattern) *needles {
	n := &needles{patterns: patterns}
	for i, p := range patterns {
		h := hash([]byte(p.literal))
		n.table[h] = append(n.table[h], int32(i))
	}
	return n
}

// each calls hit for every place from first up to limit where a literal begins.
func (n *needles) each(text []byte, first, limit int, hit func(pattern, at int)) {
	limit = min(limit, len(text)-hashed+1)
	for i := first; i < limit; i++ {
		for _, p := range n.table[hash(text[i:])] {
			if begins(text[i:], n.patterns[p].literal) {
				hit(int(p), i)
			}
		}
	}
}

func hash(b []byte) uint32 {
	_ = b[hashed-1]
	v := uint32(flat(b[0])) | uint32(flat(b[1]))<<8 | uint32(flat(b[2]))<<16 | uint32(flat(b[3]))<<24
	return v * 2654435761 >> (32 - hashBits)
}

// begins compares with line breaks as blanks.
func begins(text []byte, literal string) bool {
	if len(text) < len(literal) {
		return false
	}
	for i := range len(literal) {
		if flat(text[i]) != literal[i] {
			return false
		}
	}
	return true
}

func contains(text []byte, literal string) bool {
	for i := range len(text) - len(literal) + 1 {
		if flat(text[i]) == literal[0] && begins(text[i:], literal) {
			return true
		}
	}
	return false
}

func flat(b byte) byte {
	if b == '\n' {
		return ' '
	}
	return b
}

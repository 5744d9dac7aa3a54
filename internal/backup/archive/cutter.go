package archive

// The sizes that streams are cut to, in bytes of plain data.
const (
	MinPiece = 3 << 20
	AvgPiece = 4 << 20
	MaxPiece = 8 << 20
)

// turn is where the stricter mask gives way to the looser one: a little before
// the average, since the looser one needs 1 MiB more. What lies before MinPiece
// is not looked at, so a high MinPiece is what makes cutting cheap.
const turn = 7 << 19

// Two masks, a stricter one before the turn and a looser one after it, keep
// sizes close to the average (FastCDC, Xia et al. 2016,
// "normalized chunking"). The set bits are the high ones, which depend on the
// last 64 bytes.
const (
	strict = uint64(1<<24-1) << 40
	loose  = uint64(1<<20-1) << 44
)

// cutter finds where a stream is cut. The place depends only on the bytes
// before it, so that the same content is cut the same way wherever it stands
// in the stream. It is fed a growing buffer and remembers how far it looked.
type cutter struct {
	gear [256]uint64
	hash uint64
	seen int // bytes of the current piece already looked at
}

// newCutter fills the gear table by splitmix64 from a fixed seed. The table
// must never change: pieces of earlier sets would not be found again.
func newCutter() *cutter {
	c := &cutter{}
	x := uint64(0x1AC7_0000_5E70_0001)
	for i := range c.gear {
		x += 0x9E3779B97F4A7C15
		z := x
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		c.gear[i] = z ^ z>>31
	}
	return c
}

// cut looks at the piece that begins at data[0] and returns its length, or 0
// when more data is needed to tell. Each byte is looked at once.
func (c *cutter) cut(data []byte) int {
	i := c.seen
	if i < MinPiece-64 {
		i = MinPiece - 64
	}
	h := c.hash
	end := min(len(data), MaxPiece)
	for stop := min(end, MinPiece); i < stop; i++ {
		h = h<<1 + c.gear[data[i]]
	}
	for stop := min(end, turn); i < stop; i++ {
		h = h<<1 + c.gear[data[i]]
		if h&strict == 0 {
			return c.found(i + 1)
		}
	}
	for ; i < end; i++ {
		h = h<<1 + c.gear[data[i]]
		if h&loose == 0 {
			return c.found(i + 1)
		}
	}
	if end == MaxPiece {
		return c.found(MaxPiece)
	}
	c.hash, c.seen = h, max(i, c.seen)
	if len(data) < MinPiece-64 {
		c.seen = 0
	}
	return 0
}

func (c *cutter) found(n int) int {
	c.hash, c.seen = 0, 0
	return n
}

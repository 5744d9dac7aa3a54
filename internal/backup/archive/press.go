// Package archive turns byte streams into parts and parts into byte streams.
//
// A part is one zstd frame in a file of its own; the parts of a source,
// concatenated and decoded, are the stream. A stream is cut by its content, a
// piece that an earlier set already holds is linked instead of written, and
// all cores compress. Memory is bounded by the press: it owns every buffer,
// and whoever wants one waits until one is free.
package archive

import (
	"context"
	"fmt"
	"runtime"

	"github.com/klauspost/compress/zstd"
)

// Most cores that compress at once. Each holds a plain and a compressed
// buffer of up to MaxPiece, so this bounds the memory of a run.
const mostWorkers = 6

// Slack is what a buffer holds beyond MaxPiece: the end of the last read.
const slack = 1 << 20

// Press owns the encoders and the buffers of a run. Several sources may share
// one press; then they share its memory bound too.
type Press struct {
	encoders chan *encoder
	buffers  chan []byte
	workers  int
}

type encoder struct {
	zstd *zstd.Encoder
	out  []byte
}

// Levels are the names of compression levels, cheapest first.
func Levels() []string { return []string{"fast", "default", "better", "best"} }

// NewPress makes a press of a level of Levels.
func NewPress(level string) (*Press, error) {
	levels := map[string]zstd.EncoderLevel{
		"fast": zstd.SpeedFastest, "default": zstd.SpeedDefault,
		"better": zstd.SpeedBetterCompression, "best": zstd.SpeedBestCompression,
	}
	speed, ok := levels[level]
	if !ok {
		return nil, fmt.Errorf("compression level %q: want one of %v", level, Levels())
	}
	workers := min(runtime.GOMAXPROCS(0), mostWorkers)
	p := &Press{
		encoders: make(chan *encoder, workers),
		buffers:  make(chan []byte, workers+2),
		workers:  workers,
	}
	for range workers {
		// Blocks without repetitions are still worth coding by the frequency of
		// their bytes: random digits in text take half the space then.
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(speed),
			zstd.WithAllLitEntropyCompression(true), zstd.WithZeroFrames(true))
		if err != nil {
			return nil, fmt.Errorf("make encoder: %w", err)
		}
		p.encoders <- &encoder{zstd: e}
	}
	for range workers + 2 {
		p.buffers <- nil // allocated when first used
	}
	return p, nil
}

// buffer waits for a free buffer of length 0.
func (p *Press) buffer(ctx context.Context) ([]byte, error) {
	select {
	case b := <-p.buffers:
		return empty(b), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// tryBuffer does not wait: nil when there is none.
func (p *Press) tryBuffer() []byte {
	select {
	case b := <-p.buffers:
		return empty(b)
	default:
		return nil
	}
}

func empty(b []byte) []byte {
	if b == nil {
		b = make([]byte, 0, MaxPiece+slack)
	}
	return b[:0]
}

// release gives a buffer back. A buffer that grew is not kept.
func (p *Press) release(b []byte) {
	if cap(b) != MaxPiece+slack {
		b = nil
	}
	p.buffers <- b
}

// press compresses data into one frame and hands it to use; the frame is
// valid only during that call.
func (p *Press) press(data []byte, use func(frame []byte) error) error {
	e := <-p.encoders
	defer func() { p.encoders <- e }()
	e.out = e.zstd.EncodeAll(data, e.out[:0])
	return use(e.out)
}

// Frame compresses data into a new frame.
func (p *Press) Frame(data []byte) []byte {
	var frame []byte
	_ = p.press(data, func(f []byte) error { frame = append(frame, f...); return nil })
	return frame
}

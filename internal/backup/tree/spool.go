package tree

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"iact-infra/internal/backup/archive"
)

// spool keeps entries for later in little memory: some 25 bytes each. What has
// changed is known before it is known where in the log it will stand.
type spool struct {
	open   indexWriter
	frames [][]byte
}

const spoolBlock = 8192

func (s *spool) add(e *entry, press *archive.Press) {
	s.open.add(e)
	if s.open.count == spoolBlock {
		s.frames = append(s.frames, s.open.frame(press.Frame))
		s.open = indexWriter{raw: s.open.raw[:0]}
	}
}

func (s *spool) each(use func(*entry) error) error {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxIndex))
	if err != nil {
		return fmt.Errorf("make decoder: %w", err)
	}
	defer decoder.Close()
	for _, frame := range s.frames {
		if err := readIndex(decoder, frame, use); err != nil {
			return err
		}
	}
	rest := indexReader{raw: s.open.raw}
	for range s.open.count {
		e, err := rest.next()
		if err != nil {
			return err
		}
		if err := use(&e); err != nil {
			return err
		}
	}
	return nil
}

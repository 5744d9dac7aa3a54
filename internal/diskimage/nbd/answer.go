package nbd

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"iact-infra/internal/diskimage"
)

// Numbers of the protocol.
const (
	requestMagic    = 0x25609513
	simpleMagic     = 0x67446698
	structuredMagic = 0x668e33ef

	readBlocks  = 0
	disconnect  = 2
	blockStatus = 7

	replyNone        = 0
	replyData        = 1
	replyHole        = 2
	replyStatus      = 5
	replyError       = 0x8001
	replyErrorOffset = 0x8002

	flagDone = 1
	isZero   = 2 // of base:allocation: it reads as zeros
)

// answer reads one piece of an answer.
func (i *Image) answer(in *bufio.Reader) error {
	magic, err := in.Peek(4)
	if err != nil {
		return err
	}
	switch binary.BigEndian.Uint32(magic) {
	case structuredMagic:
		return i.structured(in)
	case simpleMagic:
		return i.simple(in)
	}
	return fmt.Errorf("the server answers with %x, which is no reply", magic)
}

// simple is an answer without a structure: an error, or all that a read asked for.
func (i *Image) simple(in io.Reader) error {
	var head [16]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return err
	}
	handle := binary.BigEndian.Uint64(head[8:])
	r := i.find(handle)
	if r == nil {
		return fmt.Errorf("the server answers request %d, which was not made", handle)
	}
	if code := binary.BigEndian.Uint32(head[4:]); code != 0 {
		r.err = fmt.Errorf("the server says error %d", code)
	} else if _, err := io.ReadFull(in, r.into); err != nil {
		return err
	}
	i.finish(handle, r)
	return nil
}

// structured is one chunk; an answer may come in several.
func (i *Image) structured(in io.Reader) error {
	var head [20]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return err
	}
	flags, kind := binary.BigEndian.Uint16(head[4:]), binary.BigEndian.Uint16(head[6:])
	handle, length := binary.BigEndian.Uint64(head[8:]), binary.BigEndian.Uint32(head[16:])
	r := i.find(handle)
	if r == nil {
		return fmt.Errorf("the server answers request %d, which was not made", handle)
	}
	if err := i.chunk(in, r, kind, int64(length)); err != nil {
		return err
	}
	if flags&flagDone != 0 {
		i.finish(handle, r)
	}
	return nil
}

// chunk reads the payload of one. An error of the disk belongs to the request; one
// of the protocol ends the connection.
func (i *Image) chunk(in io.Reader, r *request, kind uint16, length int64) error {
	switch kind {
	case replyNone:
		return discard(in, length)
	case replyData:
		if length < 8 {
			return errors.New("a chunk of data is too short")
		}
		at, err := offset(in)
		if err != nil {
			return err
		}
		to, err := r.region(at, length-8)
		if err != nil {
			return err
		}
		_, err = io.ReadFull(in, to)
		return err
	case replyHole:
		if length != 12 {
			return errors.New("a hole has no length")
		}
		at, err := offset(in)
		if err != nil {
			return err
		}
		var size [4]byte
		if _, err := io.ReadFull(in, size[:]); err != nil {
			return err
		}
		to, err := r.region(at, int64(binary.BigEndian.Uint32(size[:])))
		clear(to)
		return err
	case replyStatus:
		return i.status(in, r, length)
	case replyError, replyErrorOffset:
		if length > 64<<10 {
			return errors.New("an error is too long")
		}
		text := make([]byte, length)
		if _, err := io.ReadFull(in, text); err != nil {
			return err
		}
		r.err = serverError(text)
		return nil
	}
	if kind&0x8000 != 0 {
		r.err = fmt.Errorf("the server says error of kind %#x", kind)
	}
	return discard(in, length)
}

// status reads which regions hold data.
func (i *Image) status(in io.Reader, r *request, length int64) error {
	if length < 4 || (length-4)%8 != 0 || length > 64<<20 {
		return fmt.Errorf("a block status of %d bytes is none", length)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(in, body); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(body) != i.context {
		return nil
	}
	at := r.at
	for body = body[4:]; len(body) > 0; body = body[8:] {
		size, flags := int64(binary.BigEndian.Uint32(body)), binary.BigEndian.Uint32(body[4:])
		if flags&isZero == 0 && size > 0 {
			r.extents = append(r.extents, diskimage.Extent{Offset: at, Length: size})
		}
		at += size
	}
	r.asked = at - r.at
	return nil
}

// region is the part of a read's buffer that an answer is about.
func (r *request) region(at, length int64) ([]byte, error) {
	from := at - r.at
	if from < 0 || length < 0 || from+length > int64(len(r.into)) {
		return nil, fmt.Errorf("the server sends %d bytes at %d, which were not asked for", length, at)
	}
	return r.into[from : from+length], nil
}

func offset(in io.Reader) (int64, error) {
	var b [8]byte
	_, err := io.ReadFull(in, b[:])
	return int64(binary.BigEndian.Uint64(b[:])), err
}

func discard(in io.Reader, length int64) error {
	_, err := io.CopyN(io.Discard, in, length)
	return err
}

// serverError is what a server says about a request that failed: a number of
// errno, and maybe a text.
func serverError(b []byte) error {
	if len(b) < 6 {
		return errors.New("the server says an error without a code")
	}
	code, size := binary.BigEndian.Uint32(b), int(binary.BigEndian.Uint16(b[4:]))
	if text := b[6:]; size > 0 && size <= len(text) {
		return fmt.Errorf("the server says error %d: %s", code, text[:size])
	}
	return fmt.Errorf("the server says error %d", code)
}

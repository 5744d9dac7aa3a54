package nbd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Numbers of the handshake.
const (
	optionMagic      = 0x49484156454f5054 // IHAVEOPT
	optionReplyMagic = 0x3e889045565a9

	optionGo         = 7
	optionStructured = 8
	optionContext    = 10

	replyAck     = 1
	replyInfo    = 3
	replyContext = 4

	infoExport = 0
)

const allocation = "base:allocation"

// shake agrees on structured replies, on the context of allocation and on the
// export.
func (i *Image) shake(export string) error {
	var hello [18]byte
	if _, err := io.ReadFull(i.conn, hello[:]); err != nil {
		return fmt.Errorf("the server says nothing: %w", err)
	}
	if string(hello[:8]) != "NBDMAGIC" || binary.BigEndian.Uint64(hello[8:]) != optionMagic {
		return errors.New("what answers there serves no disk")
	}
	// Fixed newstyle, and no 124 zeros at the end.
	if _, err := i.conn.Write(binary.BigEndian.AppendUint32(nil, 3)); err != nil {
		return err
	}
	if err := i.option(optionStructured, nil, nil); err != nil {
		return fmt.Errorf("agree on structured replies: %w", err)
	}
	query := binary.BigEndian.AppendUint32(nil, uint32(len(export)))
	query = append(query, export...)
	query = binary.BigEndian.AppendUint32(query, 1)
	query = binary.BigEndian.AppendUint32(query, uint32(len(allocation)))
	query = append(query, allocation...)
	found := false
	err := i.option(optionContext, query, func(kind uint32, body []byte) error {
		if kind == replyContext && len(body) >= 4 && string(body[4:]) == allocation {
			i.context, found = binary.BigEndian.Uint32(body), true
		}
		return nil
	})
	if err == nil && !found {
		err = errors.New("the server does not tell which regions hold data")
	}
	if err != nil {
		return fmt.Errorf("agree on %s: %w", allocation, err)
	}
	pick := binary.BigEndian.AppendUint32(nil, uint32(len(export)))
	pick = append(pick, export...)
	pick = binary.BigEndian.AppendUint16(pick, 0)
	i.size = -1
	err = i.option(optionGo, pick, func(kind uint32, body []byte) error {
		if kind == replyInfo && len(body) >= 12 && binary.BigEndian.Uint16(body) == infoExport {
			i.size = int64(binary.BigEndian.Uint64(body[2:]))
		}
		return nil
	})
	if err == nil && i.size < 0 {
		err = errors.New("the server tells no size")
	}
	return err
}

// option asks for one and reads the answers to the last.
func (i *Image) option(number uint32, body []byte, each func(kind uint32, body []byte) error) error {
	ask := binary.BigEndian.AppendUint64(nil, optionMagic)
	ask = binary.BigEndian.AppendUint32(ask, number)
	ask = binary.BigEndian.AppendUint32(ask, uint32(len(body)))
	if _, err := i.conn.Write(append(ask, body...)); err != nil {
		return err
	}
	for {
		var head [20]byte
		if _, err := io.ReadFull(i.conn, head[:]); err != nil {
			return err
		}
		kind, size := binary.BigEndian.Uint32(head[12:]), binary.BigEndian.Uint32(head[16:])
		if binary.BigEndian.Uint64(head[:]) != optionReplyMagic || binary.BigEndian.Uint32(head[8:]) != number || size > 64<<10 {
			return errors.New("the server answers another question")
		}
		answer := make([]byte, size)
		if _, err := io.ReadFull(i.conn, answer); err != nil {
			return err
		}
		switch {
		case kind == replyAck:
			return nil
		case kind&0x80000000 != 0:
			return fmt.Errorf("the server refuses: %#x %s", kind, answer)
		case each != nil:
			if err := each(kind, answer); err != nil {
				return err
			}
		}
	}
}

package cache

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"time"
)

// pycHeader is as long as what precedes the code in a compiled module (PEP 552):
// magic number, flags, then the time and size of the source, or its hash.
const pycHeader = 16

// compiled gives the name of the source of a compiled module:
// json/__pycache__/tool.cpython-313.opt-1.pyc is made of json/tool.py.
func compiled(name string) (source string, ok bool) {
	dir, base := path.Split(name)
	base, ok = strings.CutSuffix(base, ".pyc")
	if !ok || path.Base(dir) != "__pycache__" {
		return "", false
	}
	if i := strings.LastIndex(base, ".opt-"); i > 0 {
		base = base[:i]
	}
	i := strings.LastIndexByte(base, '.')
	if i <= 0 {
		return "", false
	}
	return path.Join(path.Dir(path.Clean(dir)), base[:i]+".py"), true
}

// restamp reads the header of a compiled module and gives the one for the
// archive, with the time that the source has there. Nil means that the
// interpreter would not use the file: its source is another one, or gone.
func (t *tree) restamp(n node, latest time.Time) ([]byte, error) {
	f, err := os.Open(t.path(n))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, pycHeader)
	if _, err := io.ReadFull(f, head); errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	name, ok := compiled(n.name)
	source, there := t.byName[name]
	if !ok || !there || !source.info.Mode().IsRegular() {
		return nil, nil
	}
	little := binary.LittleEndian
	if little.Uint32(head[4:]) != 0 { // bound to the hash of its source, not to its time
		return head, nil
	}
	if little.Uint32(head[8:]) != uint32(source.info.ModTime().Unix()) || little.Uint32(head[12:]) != uint32(source.info.Size()) {
		return nil, nil
	}
	little.PutUint32(head[8:], uint32(source.mtime(latest).Unix()))
	return head, nil
}

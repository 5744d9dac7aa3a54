package doctor

import (
	"bytes"
	"testing"
)

// question asks for www.example, of a type.
func question(kind byte) []byte {
	return append([]byte{7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, append([]byte("\x03www\x07example\x00"), 0, kind, 0, 1)...)
}

func TestEveryNameHasAnAddress(t *testing.T) {
	t.Parallel()
	got := reply(question(1))
	if !bytes.HasPrefix(got, []byte{7, 9, 0x81, 0x80, 0, 1, 0, 1}) || !bytes.HasSuffix(got, []byte{192, 0, 2, 80}) {
		t.Errorf("%v", got)
	}
	if got := reply(question(28)); len(got) != len(question(28)) || got[7] != 0 {
		t.Errorf("an address of version 6: %v", got)
	}
}

func FuzzWhatIsNoQuestionHasNoAnswerThatBreaks(f *testing.F) {
	f.Add(question(1))
	f.Add([]byte{})
	f.Add(question(1)[:20])
	f.Fuzz(func(t *testing.T, ask []byte) {
		got := reply(ask)
		if got != nil && !bytes.Equal(got[:2], ask[:2]) {
			t.Errorf("%v answers %v", got, ask)
		}
	})
}

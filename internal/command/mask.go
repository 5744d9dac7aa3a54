package command

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// hidden stands wherever a secret would.
const hidden = "***"

// mask replaces secrets in text that a person or a file gets to see.
type mask struct {
	replacer *strings.Replacer
	spelled  []string // the longest first
}

// newMask prepares for every spelling in which a program is likely to repeat a
// secret: as it is (the blanks around it, often a file's last newline, are not
// part of it), quoted for a shell, encoded for an address, and line by line when
// it has several.
func newMask(secrets []string) mask {
	var all []string
	for _, s := range secrets {
		bare := strings.TrimSpace(s)
		all = append(all, bare, strings.ReplaceAll(bare, "'", `'\''`), url.QueryEscape(bare), url.PathEscape(bare))
		if lines := strings.Split(bare, "\n"); len(lines) > 1 {
			for _, line := range lines {
				// A short line (a brace, a comma) is no secret, and masking it
				// would make the rest unreadable.
				if line = strings.TrimSpace(line); len(line) >= 8 {
					all = append(all, line)
				}
			}
		}
	}
	// The longest goes first: of "pass" and "password", masking the shorter one
	// first would show the rest of the longer one.
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	if len(all) == 0 {
		return mask{}
	}
	var pairs []string
	for _, s := range all {
		pairs = append(pairs, s, hidden)
	}
	return mask{replacer: strings.NewReplacer(pairs...), spelled: all}
}

func (m mask) hide(s string) string {
	if m.replacer == nil {
		return s
	}
	return m.replacer.Replace(s)
}

// tail masks the end of an output and keeps at most limit bytes of it. When cut
// is set the text does not begin at its beginning, and its first bytes may be
// the rest of a secret: those are dropped before.
func (m mask) tail(s string, cut bool, limit int) string {
	if cut && m.replacer != nil {
		s = s[m.safeStart(s):]
	}
	s = m.hide(s)
	return s[max(0, len(s)-limit):]
}

// safeStart is the first place in s that no cut secret reaches and where no
// whole one would be cut.
func (m mask) safeStart(s string) int {
	start := min(len(m.spelled[0])-1, len(s))
	for moved := true; moved; {
		moved = false
		for _, secret := range m.spelled {
			from := max(0, start-len(secret)+1)
			to := min(len(s), start+len(secret)-1)
			if i := strings.LastIndex(s[from:max(from, to)], secret); i >= 0 {
				start, moved = from+i+len(secret), true
			}
		}
	}
	return start
}

// holds reports whether s contains one of the secrets as it is.
func holds(s string, secrets []string) bool {
	return slices.ContainsFunc(secrets, func(secret string) bool {
		bare := strings.TrimSpace(secret)
		return bare != "" && strings.Contains(s, bare)
	})
}

// wrap masks the text of err. What it wraps can still be tested for, but not
// taken out and shown.
func (m mask) wrap(err error) error {
	if err == nil || m.hide(err.Error()) == err.Error() {
		return err
	}
	return &maskedError{text: m.hide(err.Error()), err: err}
}

type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string        { return e.text }
func (e *maskedError) Is(target error) bool { return errors.Is(e.err, target) }

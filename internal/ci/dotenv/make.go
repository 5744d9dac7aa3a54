package dotenv

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/redact"
	"iact-infra/internal/verdict"
)

// Made is a file that Make has put together.
type Made struct {
	Text  string
	Added []Added
	Kept  int // variables of the file that was there
}

// Added is a variable that came from the template.
type Added struct {
	Name  string
	Value string // of a secret: never to be shown
	// Generated says that the template held no secret worth keeping, so that one
	// was made up.
	Generated bool
}

// secretBytes is how much chance a made-up secret holds: 64 characters.
const secretBytes = 48

// Make gives a file the variables of its template that it lacks, each with the
// comments above it and behind the one that it follows in the template. What is
// there stays as it is, byte for byte, also an empty value. Secrets that a project
// makes up itself are made from random where the template has none worth keeping.
func Make(template, existing string, random io.Reader) (Made, error) {
	for _, text := range []string{template, existing} {
		if !Valid(text) {
			return Made{}, fault.New(fault.Invalid, "iconv -f latin1 -t utf-8", errors.New("read variables: the file is no UTF-8 text"))
		}
	}
	have := Parse(existing)
	made := Made{Kept: len(Values(have))}
	blocks := blocksOf(have)
	at := -1 // the block after which the next variable goes
	for _, b := range blocksOf(Parse(template)) {
		if found := find(blocks, b.name); b.name != "" && found >= 0 {
			at = found
			if blocks[found].piece.Set || !b.piece.Set {
				continue
			}
		}
		if b.name == "" && existing != "" {
			continue // comments at the end of the template: only a new file gets them
		}
		if b.name != "" {
			added, text, err := fill(b, random)
			if err != nil {
				return Made{}, err
			}
			b.text = text
			made.Added = append(made.Added, added)
		}
		if at < 0 {
			at = len(blocks) - 1
		}
		blocks = insert(blocks, at+1, b)
		at++
	}
	var all strings.Builder
	for _, b := range blocks {
		all.WriteString(b.text)
	}
	made.Text = all.String()
	return made, nil
}

// block is a variable with the comments above it, or what stands behind the last
// one.
type block struct {
	name  string
	text  string
	piece Piece
}

func blocksOf(pieces []Piece) []block {
	var all []block
	above := ""
	for _, p := range pieces {
		if p.Name == "" {
			above += p.Text
			continue
		}
		all = append(all, block{p.Name, above + p.Text, p})
		above = ""
	}
	if above != "" {
		all = append(all, block{text: above})
	}
	return all
}

// find is the place of the last variable of a name, the one that counts.
func find(blocks []block, name string) int {
	for i, b := range slices.Backward(blocks) {
		if b.name == name {
			return i
		}
	}
	return -1
}

// insert puts a block in. What stands before it may be a last line without an end.
func insert(blocks []block, at int, b block) []block {
	if at > 0 && !strings.HasSuffix(blocks[at-1].text, "\n") {
		blocks[at-1].text += "\n"
	}
	if at < len(blocks) && !strings.HasSuffix(b.text, "\n") {
		b.text += "\n"
	}
	return append(blocks[:at], append([]block{b}, blocks[at:]...)...)
}

// fill is a variable of the template as it goes into a file.
func fill(b block, random io.Reader) (Added, string, error) {
	p := b.piece
	added := Added{Name: p.Name, Value: p.Value}
	if !ownSecret(p.Name) || refers(p.Value) || p.Value != "" && !placeholder(p.Value) && weak(p.Value).Empty() {
		return added, b.text, nil
	}
	raw := make([]byte, secretBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return Added{}, "", fmt.Errorf("make a secret for %s: %w", p.Name, err)
	}
	added.Value, added.Generated = base64.RawURLEncoding.EncodeToString(raw), true
	above := strings.TrimSuffix(b.text, p.Text)
	blank := p.Text[:len(p.Text)-len(strings.TrimLeft(p.Text, " \t\r\n"))]
	export := ""
	if strings.HasPrefix(strings.TrimSpace(p.Text), "export") {
		export = "export "
	}
	end := "\n"
	if strings.HasSuffix(p.Text, "\r\n") {
		end = "\r\n"
	}
	return added, above + blank + export + p.Name + "=" + added.Value + end, nil
}

// Diff tells people what Make has added, one line for each variable, with secrets
// and the passwords of addresses as ***.
func (m Made) Diff(lang string) string {
	r := redact.New()
	note := verdict.Say("generado", "generated").In(lang)
	var all strings.Builder
	for _, a := range m.Added {
		line := a.Name + "=" + redact.Hidden
		if !redact.IsSecretName(a.Name) && !a.Generated {
			line = r.Text(fmt.Sprintf("%s=%s", a.Name, oneLine(a.Value)))
		}
		if a.Generated {
			line += "  # " + note
		}
		fmt.Fprintf(&all, "+ %s\n", line)
	}
	return all.String()
}

func oneLine(value string) string { return strings.ReplaceAll(value, "\n", `\n`) }

package packages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"

	"iact-infra/internal/command"
)

// content is a file at the host, nil when there is none.
func (a *Apt) content(ctx context.Context, name string) (*Content, error) {
	// base64 keeps what is no text, and the last line end.
	c := command.Read("sh", "-c", `[ -e "$1" ] || [ -L "$1" ] || exit 0
stat -L -c '%a %u:%g' -- "$1" && base64 <"$1"`, "sh", name)
	out, err := a.Door.Text(ctx, c).String()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if out == "" {
		return nil, nil //nolint:nilnil // no file is an answer
	}
	head, body, _ := strings.Cut(out, "\n")
	mode, owner, ok := strings.Cut(head, " ")
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\n", ""))
	if err == nil && !ok {
		err = errors.New("stat answers " + head)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return &Content{Data: data, Mode: mode, Owner: owner}, nil
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

func (c *Content) equal(other *Content) bool {
	return c != nil && other != nil && bytes.Equal(c.Data, other.Data) && c.Mode == other.Mode && c.Owner == other.Owner
}

// put writes a file whole or not at all. The name it is written under begins
// with a dot, which apt and dpkg pass over, and is always the same: what a
// killed run left is overwritten by the next.
func (a *Apt) put(ctx context.Context, name string, c Content) error {
	write := command.Change("sh", "-c", `umask 077; cat >"$1" && chown "$3" "$1" && chmod "$4" "$1" && sync "$1" && mv -T -- "$1" "$2" || { rm -f -- "$1"; exit 1; }`,
		"sh", half(name), name, c.Owner, c.Mode)
	write.As = "root"
	if err := a.Door.Feed(ctx, write, bytes.NewReader(c.Data)); err != nil {
		return fmt.Errorf("write %s: %w", name, a.explain(ctx, err))
	}
	return nil
}

// half is where put writes.
func half(name string) string {
	return path.Join(path.Dir(name), "."+path.Base(name)+".iact-new")
}

// dropHalf removes what a killed put left.
func (a *Apt) dropHalf(ctx context.Context, name string) error {
	left, err := a.script(ctx, `[ -e "$1" ] && echo here; exit 0`, half(name))
	if err != nil || left == "" {
		return err
	}
	return a.drop(ctx, half(name))
}

// drop removes a file, and a half-written one beside it.
func (a *Apt) drop(ctx context.Context, name string) error {
	c := command.Change("rm", "-f", "--", name, half(name))
	c.As = "root"
	if err := a.Door.Run(ctx, c); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

// write puts data into a file of root's with mode 0644, with the intent noted
// first. Nothing is written when the file is like that already.
func (w *work) write(ctx context.Context, name string, data []byte) error {
	old, err := w.content(ctx, name)
	if err != nil {
		return err
	}
	want := Content{Data: data, Mode: "644", Owner: "0:0"}
	if old.equal(&want) {
		return nil
	}
	if err := w.folder(ctx, path.Dir(name)); err != nil {
		return err
	}
	if err := w.intend(Record{Finished: true, Files: []File{{Path: name, Before: old, After: sum(data)}}}); err != nil {
		return err
	}
	return w.put(ctx, name, want)
}

// unlink removes a file, with its content noted first.
func (w *work) unlink(ctx context.Context, name string) error {
	old, err := w.content(ctx, name)
	if err != nil || old == nil {
		return err
	}
	if err := w.intend(Record{Finished: true, Files: []File{{Path: name, Before: old}}}); err != nil {
		return err
	}
	return w.drop(ctx, name)
}

// folder makes a directory that everybody may enter.
func (w *work) folder(ctx context.Context, name string) error {
	out, err := w.script(ctx, `[ -d "$1" ] && echo here; exit 0`, name)
	if err != nil || out != "" {
		return err
	}
	if err := w.intend(Record{Finished: true, Files: []File{{Path: name, Dir: true}}}); err != nil {
		return err
	}
	c := command.Change("install", "-d", "-m", "755", name)
	c.As = "root"
	if err := w.Door.Run(ctx, c); err != nil {
		return fmt.Errorf("make directory %s: %w", name, err)
	}
	return nil
}

// backFile gives a file its old content, unless somebody changed it since.
func (w *work) backFile(ctx context.Context, f File, o *Outcome) error {
	if f.Dir {
		c := command.Change("sh", "-c", `rmdir -- "$1" 2>/dev/null || :`, "sh", f.Path)
		c.As = "root"
		if here, err := w.script(ctx, `[ -d "$1" ] && [ -z "$(ls -A -- "$1")" ] && echo empty; exit 0`, f.Path); err != nil || here == "" {
			return err
		}
		return w.Door.Run(ctx, c)
	}
	is, err := w.content(ctx, f.Path)
	if err != nil {
		return err
	}
	switch {
	case is.equal(f.Before) || is == nil && f.Before == nil:
		return w.dropHalf(ctx, f.Path)
	case is != nil && sum(is.Data) != f.After:
		o.Kept = append(o.Kept, f.Path+": somebody changed it since")
		return nil
	case is == nil && f.After != "":
		o.Kept = append(o.Kept, f.Path+": somebody removed it since")
		return nil
	case f.Before == nil:
		return w.drop(ctx, f.Path)
	}
	return w.put(ctx, f.Path, *f.Before)
}

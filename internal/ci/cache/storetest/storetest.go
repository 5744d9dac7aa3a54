// Package storetest is what every cache.Store has to keep to, as tests. A new store's
// own test is a call of Run.
package storetest

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"iact-infra/internal/ci/cache"
)

// Run tries a store, which has to be empty.
func Run(t *testing.T, store cache.Store) {
	ctx := context.Background()
	get := func(name string) string {
		t.Helper()
		in, err := store.Get(ctx, name)
		if errors.Is(err, cache.ErrNone) {
			return "none"
		}
		if err != nil {
			t.Fatalf("get %s: %v", name, err)
		}
		defer in.Close()
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatalf("read %s: %v", name, err)
		}
		return string(text)
	}
	put := func(name, text string) {
		t.Helper()
		if err := store.Put(ctx, name, strings.NewReader(text)); err != nil {
			t.Fatalf("put %s: %v", name, err)
		}
	}
	names := func() string {
		t.Helper()
		all, err := store.List(ctx)
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		text := ""
		for _, o := range all {
			text += o.Name + " "
			if o.Size != 3 || time.Since(o.Used).Abs() > time.Hour {
				t.Errorf("%+v is not 3 bytes, used just now", o)
			}
		}
		return text
	}
	const name = "local/ab/abc.json"
	if got := names(); got != "" {
		t.Fatalf("the store is not empty: %s", got)
	}
	if got := get(name); got != "none" {
		t.Errorf("before it was put: %q", got)
	}
	failed := errors.New("failed")
	half := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(failed))
	if err := store.Put(ctx, name, half); !errors.Is(err, failed) {
		t.Errorf("put of a reader that fails: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := store.Put(cancelled, name, strings.NewReader("text")); !errors.Is(err, context.Canceled) {
		t.Errorf("put after the end: %v", err)
	}
	if got := names() + get(name); got != "none" {
		t.Errorf("after puts that failed: %s", got)
	}
	put(name, "one")
	old, err := store.Get(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	put(name, "two")
	if text, err := io.ReadAll(old); err != nil || string(text) != "one" || old.Close() != nil {
		t.Errorf("a reader of the replaced object: %q, %v", text, err)
	}
	if err := store.Put(ctx, name, half); err == nil || get(name) != "two" {
		t.Errorf("a put that failed has replaced: %q, %v", get(name), err)
	}
	if there, err := store.Has(ctx, name); !there || err != nil || names() != name+" " {
		t.Errorf("has %v, %v; lists %s", there, err, names())
	}
	for range 2 {
		if err := store.Remove(ctx, name); err != nil {
			t.Errorf("remove: %v", err)
		}
	}
	if there, err := store.Has(ctx, name); there || err != nil || names() != "" || get(name) != "none" {
		t.Errorf("after the removal: %v, %v, %s", there, err, names())
	}
	for _, bad := range []string{"", ".", "..", "../x", "/x", "a/../b", "a//b", ".hidden", "a/.hidden"} {
		if err := store.Put(ctx, bad, strings.NewReader("")); err == nil {
			t.Errorf("%q is the name of an object", bad)
		}
	}
}

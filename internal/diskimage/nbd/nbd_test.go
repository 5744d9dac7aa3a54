package nbd_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/command"
	"iact-infra/internal/diskimage"
	"iact-infra/internal/diskimage/nbd"
	"iact-infra/internal/testbed"
)

// serve has qemu-nbd serve a disk of some mebibytes with data at some places.
func serve(t *testing.T, size int64, data map[int64][]byte) string {
	t.Helper()
	testbed.Libvirt(t)
	dir, err := os.MkdirTemp("", "nbd") //nolint:usetesting // the path of a socket is short
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	raw := filepath.Join(dir, "raw")
	f, err := os.Create(raw)
	must(t, err)
	must(t, f.Truncate(size))
	for at, text := range data {
		_, err := f.WriteAt(text, at)
		must(t, err)
	}
	must(t, f.Close())
	door := command.NewDoor(command.Local())
	must(t, door.Run(t.Context(), command.Change("qemu-img", "convert", "-O", "qcow2", raw, dir+"/disk")))
	must(t, os.Remove(raw))
	socket := filepath.Join(dir, "s")
	must(t, door.Run(t.Context(), command.Change("qemu-nbd", "--fork", "--read-only", "--format=qcow2", "--shared=4", "--socket="+socket, "--pid-file="+dir+"/pid", dir+"/disk")))
	return socket
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func TestRealHolesAreKnownAndDataIsReadAsItIs(t *testing.T) {
	t.Parallel()
	const size = 256<<20 + 512
	data := map[int64][]byte{0: noise(70_000), 100 << 20: noise(9 << 20), size - 512: noise(512)}
	image, err := nbd.Open(t.Context(), serve(t, size, data), "")
	must(t, err)
	defer image.Close()
	if image.Size() != size {
		t.Fatalf("the disk has %d bytes, want %d", image.Size(), size)
	}
	extents, err := image.Extents(t.Context())
	must(t, err)
	if len(extents) != 3 {
		t.Fatalf("%d regions hold data, want 3: %v", len(extents), extents)
	}
	total := int64(0)
	for _, e := range extents {
		total += e.Length
	}
	if total > 10<<20 {
		t.Errorf("%d bytes are said to hold data", total)
	}
	for at, want := range data {
		held := false
		for _, e := range extents {
			held = held || e.Offset <= at && at+int64(len(want)) <= e.Offset+e.Length
		}
		if !held {
			t.Errorf("the data at %d lies in no region: %v", at, extents)
		}
		got := make([]byte, len(want))
		if _, err := image.ReadAt(got, at); err != nil || !bytes.Equal(got, want) {
			t.Errorf("what is read at %d is not what was written: %v", at, err)
		}
	}
	hole := noise(1 << 20)
	if _, err := image.ReadAt(hole, 50<<20); err != nil || !bytes.Equal(hole, make([]byte, len(hole))) {
		t.Errorf("a hole does not read as zeros: %v", err)
	}
	beyond := make([]byte, 1024)
	if n, err := image.ReadAt(beyond, size-512); n != 512 || err == nil {
		t.Errorf("reading over the end gives %d bytes and %v", n, err)
	}
}

func TestRealManyReadersGetTheirOwnData(t *testing.T) {
	t.Parallel()
	want := noise(32 << 20)
	image, err := nbd.Open(t.Context(), serve(t, 32<<20, map[int64][]byte{0: want}), "")
	must(t, err)
	defer image.Close()
	var group errgroup.Group
	for i := range 16 {
		group.Go(func() error {
			got := make([]byte, 2<<20)
			at := int64(i) * 2 << 20
			if _, err := image.ReadAt(got, at); err != nil {
				return err
			}
			if !bytes.Equal(got, want[at:at+2<<20]) {
				t.Errorf("reader %d got what is another's", i)
			}
			return nil
		})
	}
	must(t, group.Wait())
}

func TestAServerThatGoesAwayOrTalksNonsenseIsAnError(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{"nothing": "", "another": "HTTP/1.1 200 OK\r\n\r\n", "half": "NBDMAGICIHAVEOPT\x00\x03"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := os.MkdirTemp("", "nbd") //nolint:usetesting // the path of a socket is short
			must(t, err)
			t.Cleanup(func() { os.RemoveAll(dir) })
			socket := filepath.Join(dir, "s")
			listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
			must(t, err)
			defer listener.Close()
			go func() {
				conn, err := listener.Accept()
				if err == nil {
					_, _ = conn.Write([]byte(says))
					_ = conn.Close()
				}
			}()
			if image, err := nbd.Open(t.Context(), socket, ""); err == nil {
				image.Close()
				t.Error("it was opened")
			}
		})
	}
}

func TestRealAContextThatEndsEndsTheImage(t *testing.T) {
	t.Parallel()
	socket := serve(t, 1<<20, nil)
	ctx, cancel := context.WithCancel(t.Context())
	image, err := nbd.Open(ctx, socket, "")
	must(t, err)
	cancel()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if _, err := image.ReadAt(make([]byte, 512), 0); err != nil {
			_ = image.Close()
			return
		}
	}
	t.Error("it goes on reading")
}

var _ diskimage.Image = (*nbd.Image)(nil)

// faults are how often the server of a socket has asked the kernel for a page.
func faults(t *testing.T, socket string) int {
	t.Helper()
	pid, err := os.ReadFile(filepath.Join(filepath.Dir(socket), "pid"))
	must(t, err)
	stat, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(pid)), "stat"))
	must(t, err)
	_, fields, _ := strings.Cut(string(stat), ") ")
	n, err := strconv.Atoi(strings.Fields(fields)[7])
	must(t, err)
	return n
}

// TestRealSlowSeveralPiecesUnderWayCostTheServerNoMemoryEach is about the time of the
// server's processor, of which large buffers take most.
func TestRealSlowSeveralPiecesUnderWayCostTheServerNoMemoryEach(t *testing.T) {
	t.Parallel()
	const size, piece = 128 << 20, 4 << 20
	socket := serve(t, size, map[int64][]byte{0: noise(size)})
	image, err := nbd.Open(t.Context(), socket, "")
	must(t, err)
	defer image.Close()
	_, err = image.Extents(t.Context())
	must(t, err)
	before := faults(t, socket)
	var group errgroup.Group
	group.SetLimit(4)
	for at := int64(0); at < size; at += piece {
		group.Go(func() error {
			_, err := image.ReadAt(make([]byte, piece), at)
			return err
		})
	}
	must(t, group.Wait())
	pages := size / os.Getpagesize()
	// It asks for some thousands until it has what it needs at a time, and then for few.
	if got := faults(t, socket) - before; got > pages/2 {
		t.Errorf("the server has asked for %d pages to send %d", got, pages)
	}
}

package hello_test

import (
	"bytes"
	"debug/elf"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/hello"
	"iact-infra/internal/testbed"
)

func door() *command.Door { return command.NewDoor(command.Local()) }

func TestRealAContainerRunsWhereNoRegistryIsReachedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	h := &hello.Hello{Door: door(), Env: d.Env(), Image: "127.0.0.1:1/hello-world"}
	p, err := h.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !p.Own || p.Why == "" || p.Said != "Hello from a container of the IACT toolkit." || p.Version == "" {
		t.Errorf("got %+v", p)
	}
	if left := d.Run(t, "image", "ls", "--quiet", p.Image); left != "" {
		t.Errorf("the image %s is left", left)
	}
}

func TestRealAnImageThatSaysSomethingElseProvesNothing(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	image := strings.ToLower(d.Name(t))
	d.Run(t, "commit", "--change", `CMD ["echo", "nothing to see"]`, d.Container(t, d.Busybox(t), "true"), image)
	t.Cleanup(func() { d.Run(t, "image", "rm", "--force", image) })
	h := &hello.Hello{Door: door(), Env: d.Env(), Image: image}
	if _, err := h.Run(t.Context()); fault.Code(err) != fault.Invalid || !strings.Contains(err.Error(), "nothing to see") {
		t.Errorf("got %v", err)
	}
}

func TestRealAContainerThatDoesNotEndIsTakenAway(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	image := strings.ToLower(d.Name(t))
	d.Run(t, "commit", "--change", `CMD ["sleep", "600"]`, d.Container(t, d.Busybox(t), "true"), image)
	t.Cleanup(func() { d.Run(t, "image", "rm", "--force", image) })
	h := &hello.Hello{Door: door(), Env: d.Env(), Image: image, Limit: 2 * time.Second}
	if _, err := h.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("got %v", err)
	}
	if left := d.Run(t, "ps", "--all", "--quiet", "--filter", "ancestor="+image); left != "" {
		t.Errorf("the container %s is left", left)
	}
}

func TestADaemonThatHangsIsToldWithinTheLimit(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "docker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	h := &hello.Hello{Door: door(), Env: []string{"DOCKER_HOST=unix://" + socket}, Image: "hello-world", Limit: 500 * time.Millisecond}
	began := time.Now()
	if _, err := h.Run(t.Context()); fault.Code(err) != fault.Missing || time.Since(began) > 10*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

func TestTheProgramSaysItsTextOnThisMachine(t *testing.T) {
	t.Parallel()
	const said = "¡Hola!\n"
	text, err := hello.Program(runtime.GOARCH, said)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "hello")
	if err := os.WriteFile(path, text, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := door().Text(t.Context(), command.Read(path)).String()
	if err != nil || out != said {
		t.Errorf("it says %q, %v", out, err)
	}
}

func TestTheProgramOfEachArchitectureIsOneThatLoads(t *testing.T) {
	t.Parallel()
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		text, err := hello.Program(arch, "x")
		if err != nil {
			t.Fatal(err)
		}
		f, err := elf.NewFile(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", arch, err)
		}
		if f.Machine != machine || len(f.Progs) != 1 || f.Progs[0].Filesz != uint64(len(text)) || text[len(text)-1] != 'x' {
			t.Errorf("%s: %+v", arch, f.FileHeader)
		}
	}
	if _, err := hello.Program("mips", "x"); err == nil || !strings.Contains(err.Error(), "mips") {
		t.Errorf("got %v", err)
	}
}

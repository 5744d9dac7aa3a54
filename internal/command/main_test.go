package command_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"iact-infra/internal/command"
)

// childEnv turns the test binary into a program that dies in the middle.
const childEnv = "COMMAND_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		holdProgram()
		return
	}
	os.Exit(m.Run())
}

// holdProgram starts a long program, tells its process id, and waits to be killed.
func holdProgram() {
	door := command.NewDoor(command.Local())
	ctx := testingContext()
	s, err := door.Stream(ctx, command.Read("sh", "-c", "echo $$; exec sleep 60"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	line, _ := bufio.NewReader(s).ReadString('\n')
	fmt.Printf("%d %s", os.Getpid(), line)
	_ = s.Close()
}

func TestAProgramEndsWhenTheToolkitIsKilled(t *testing.T) {
	t.Parallel()
	c := command.Read(os.Args[0])
	c.Env = []string{childEnv + "=1"}
	s, err := command.NewDoor(command.Local()).Stream(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Abort()
	var parent, program int
	if _, err := fmt.Fscanf(s, "%d %d\n", &parent, &program); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(parent, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(4 * time.Second); runs(program); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			_ = syscall.Kill(program, syscall.SIGKILL)
			t.Fatal("the program outlived the process that started it")
		}
	}
}

// runs reports whether a process exists and is more than a zombie.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}

package virtualbox

import (
	"slices"
	"strings"
	"testing"
)

func TestWhatIsMachineReadableIsRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want info
	}{
		"plain":        {"memory=2048\nVMState=\"poweroff\"\n", info{{"memory", "2048"}, {"VMState", "poweroff"}}},
		"quoted key":   {`"SATA Controller-0-0"="/vms/a.vdi"`, info{{"SATA Controller-0-0", "/vms/a.vdi"}}},
		"escapes":      {`name="a \"b\" \\ c"` + "\n" + `"a\"b-0-0"="none"`, info{{"name", `a "b" \ c`}, {`a"b-0-0`, "none"}}},
		"from Windows": {"name=\"ñandú\"\r\nCfgFile=\"C:\\\\VMs\\\\a.vbox\"\r\n", info{{"name", "ñandú"}, {"CfgFile", `C:\VMs\a.vbox`}}},
		"not escaped":  {"SnapshotName=\"a \"b\" c\"\ncpus=2", info{{"SnapshotName", `a "b" c`}, {"cpus", "2"}}},
		"over lines":   {"description=\"one\nVMState=\\\"running\\\"\n\nlast\"\ncpus=2", info{{"description", "one\nVMState=\"running\"\n\nlast"}, {"cpus", "2"}}},
		"never ended":  {"a=\"b\ncpus=2", info{{"a", "\"b"}, {"cpus", "2"}}},
		"a warning":    {"WARNING: The vboxdrv kernel module is not loaded. Either there is no module\n         available for the current kernel (a=b)\n\ncpus=2", info{{"cpus", "2"}}},
		"nothing":      {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := readable(c.text); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// What a snapshot is called comes last, and never stands for what the machine is.
func TestTheFirstValueOfAKeyCounts(t *testing.T) {
	t.Parallel()
	if got := readable("VMState=\"saved\"\nSnapshotName=\"x\"\nVMState=\"running\"\n").get("VMState"); got != "saved" {
		t.Errorf("it is %s", got)
	}
}

// Whatever a value holds, VirtualBox's way of writing it is read back.
func FuzzMachineReadable(f *testing.F) {
	for _, seed := range []string{"", "a", `"`, `\`, `\"`, "a\nb=\"c", "\n", "x\r\ny", `a"b"`, `C:\x\`, "ñ"} {
		f.Add(seed, seed)
	}
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
	f.Fuzz(func(t *testing.T, key, value string) {
		_ = readable(key)
		_ = readable(key + "=" + value)
		value = strings.ReplaceAll(value, "\r", "") // the ends of lines are those of the system
		text := `before="1"` + "\n" + `description="` + escaped(value) + `"` + "\nafter=2\n"
		got := readable(text)
		if len(got) != 3 || got.get("description") != value || got.get("after") != "2" {
			t.Errorf("%q is read as %q", text, got)
		}
	})
}

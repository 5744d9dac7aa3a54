package doctor

import (
	"regexp"
	"strings"
	"testing"
)

func TestThereAreEnoughFaultsOfEverySideAndEnoughHealthyWorkspaces(t *testing.T) {
	t.Parallel()
	sides, quick := map[string]int{}, map[string]int{}
	for _, c := range Cases() {
		side := Result{Case: c}.expected()
		sides[side]++
		if c.Quick {
			quick[side]++
		}
	}
	well, quickly := sides[nothing], quick[nothing]
	faults, some := -well, -quickly
	for side := range sides {
		faults, some = faults+sides[side], some+quick[side]
		if quick[side] == 0 && side != "PRF" {
			t.Errorf("none of the %d cases of %s is in the selection", sides[side], side)
		}
	}
	if faults < leastFaults || well < leastHealthy || some < 12 || quickly < 4 {
		t.Errorf("%d faults and %d healthy workspaces, %d and %d in the selection", faults, well, some, quickly)
	}
	for _, side := range []string{"ENG", "STA", "NET", "VOL", "PRM", "RES", "PRF", "EXT", "configuration"} {
		if sides[side] == 0 {
			t.Errorf("no fault of %s", side)
		}
	}
}

func TestEveryCaseHasANameOfItsOwnATitleAndKnownCodes(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile(`^DC-(ENG|STA|NET|VOL|PRM|RES|PRF|EXT|CFG)-\d{3}$|^DC-[A-Z]+(-[A-Z]+)?$`)
	seen := map[string]bool{}
	for _, c := range Cases() {
		if seen[c.Name] || c.Name == "" || c.Title == "" || strings.ContainsAny(c.Name, "/,'\"") {
			t.Errorf("case %q (%s) is there twice, or has no good name", c.Name, c.Title)
		}
		seen[c.Name] = true
		for _, want := range c.Want {
			if !code.MatchString(want) {
				t.Errorf("%s wants %s, which is no code", c.Name, want)
			}
		}
		if c.Healthy() != strings.HasPrefix(c.Name, "well") || c.Healthy() && c.Sees != "" {
			t.Errorf("%s is neither a fault nor healthy", c.Name)
		}
	}
}

func TestWhatIsLeftOfTheMachineHasAWayBack(t *testing.T) {
	t.Parallel()
	breaks := regexp.MustCompile(`(?m)(^|; *)(engine_stop|kill|pkill|iptables|ip link|mount|mv /|echo \d >/proc/sys|docker context)\b|/etc/docker`)
	for _, c := range Cases() {
		if breaks.MatchString(c.Inject) && c.Undo == "" {
			t.Errorf("%s breaks the machine and has no undo:\n%s", c.Name, c.Inject)
		}
	}
}

func TestAListOfBeginningsChoosesCases(t *testing.T) {
	t.Parallel()
	all := []Case{{Name: "net-none"}, {Name: "net-mtu"}, {Name: "disk"}, {Name: "well-x"}}
	for only, want := range map[string]string{"net-": "net-none net-mtu", "disk, well": "disk well-x", "net-none,net": "net-none net-mtu", "nosuch": ""} {
		var names []string
		for _, c := range chosen(all, only) {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", only, got, want)
		}
	}
}

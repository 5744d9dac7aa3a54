package packages

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

func TestDpkgsListTellsWholeFromTornFromResidueAndMarks(t *testing.T) {
	t.Parallel()
	s, err := parseState("alpha\t1\tii \tall\nbeta\t1\thi \tamd64\ndpkg\t1\tii \tamd64\ngone\t1\tun \tamd64\nleft\t1\trc \tamd64\nlibc6:amd64\t2.36\tii \tamd64\nlibc6:i386\t2.36\tii \ti386\ntorn\t1\tiF \tamd64\n", "alpha\nlibc6\n")
	if err != nil {
		t.Fatal(err)
	}
	if s.Native != "amd64" || !s.Packages["alpha"].Auto || !s.Packages["libc6:amd64"].Auto || s.Packages["libc6:i386"].Auto {
		t.Errorf("marks: %+v", s)
	}
	if s.Version("left") != "" || s.Version("torn") != "1" || s.Held()[0] != "beta" || s.Torn()[0] != "torn" || s.key("libc6") != "libc6:amd64" {
		t.Errorf("states: %+v", s)
	}
	if _, ok := s.Packages["gone"]; ok {
		t.Error("a package that is not there is listed")
	}
	if _, err := parseState("nonsense\n", ""); err == nil {
		t.Error("nonsense was read")
	}
}

func TestAPlanHasNewChangedRemovedAndKeptBack(t *testing.T) {
	t.Parallel()
	before, _ := parseState("dpkg\t1\tii \tamd64\nlibx:amd64\t1.0\tii \tamd64\nold\t3\tii \tall\n", "libx\n")
	p, err := parsePlan("Reading package lists...\nThe following packages have been kept back:\n  beta gamma\n  delta\n2 upgraded\nRemv old [3]\nInst libx [1.0] (1.1 Debian:12/stable [amd64]) []\nInst fresh (2:5-1 Debian:12/stable [all])\nConf libx (1.1 Debian:12/stable [amd64])\n", before)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range p.Changes {
		lines = append(lines, c.String())
	}
	if got := strings.Join(lines, "; "); got != "old 3 (removed); libx:amd64 1.0 → 1.1; fresh 2:5-1 (new)" || !p.Changes[1].IsAuto {
		t.Errorf("got %s, %+v", got, p.Changes)
	}
	if strings.Join(p.KeptBack, " ") != "beta gamma delta" || p.Removed()[0] != "old" {
		t.Errorf("kept %v, removed %v", p.KeptBack, p.Removed())
	}
}

func TestAPinPicksTheNewestVersionThatItAllows(t *testing.T) {
	t.Parallel()
	v := Versions{"docker-ce": {"5:29.0.0-1~debian.12~bookworm", "5:28.5.10-1~debian.12~bookworm", "5:28.5.1-1~debian.12~bookworm", "5:2.8-1"}}
	for pin, want := range map[string]struct{ version, pattern string }{
		"":                              {"5:29.0.0-1~debian.12~bookworm", "*"},
		"28.*":                          {"5:28.5.10-1~debian.12~bookworm", "5:28.*"},
		"28":                            {"5:28.5.10-1~debian.12~bookworm", "5:28.*"},
		"28.5.1":                        {"5:28.5.1-1~debian.12~bookworm", "5:28.5.1-*"},
		"5:28.5.1-1~debian.12~bookworm": {"5:28.5.1-1~debian.12~bookworm", "5:28.5.1-1~debian.12~bookworm"},
		"2":                             {"5:2.8-1", "5:2.*"},
	} {
		got, err := v.Pick("docker-ce", pin)
		if err != nil || got != want.version || pattern(got, pin) != want.pattern {
			t.Errorf("%q: %s, %s, %v", pin, got, pattern(got, pin), err)
		}
	}
	if _, err := v.Pick("docker-ce", "27"); !Is(err, Unknown) || !strings.Contains(fault.Hint(err), "5:29.0.0") {
		t.Errorf("none: %v", err)
	}
}

func TestEachDistributionGetsTheDockerThatItHas(t *testing.T) {
	t.Parallel()
	bookworm := map[string]Offer{"docker.io": {"", "20.10.24+dfsg1-1"}, "docker-compose": {"", "1.29.2-3"}}
	trixie := map[string]Offer{"docker.io": {"", "26.1.5+dfsg1-9"}, "docker-cli": {"", "26.1.5"}, "docker-buildx": {"", "0.13"}, "docker-compose": {"", "2.26.1-4"}}
	noble := map[string]Offer{"docker.io": {"", "28.2.2-0ubuntu1~24.04.1"}, "docker-compose": {"", "1.29.2-6"}, "docker-compose-v2": {"", "2.37.1"}, "docker-buildx": {"", "0.21"}}
	with := func(offers map[string]Offer, name, version string) map[string]Offer {
		all := map[string]Offer{name: {version, version}}
		for k, v := range offers {
			if k != name {
				all[k] = v
			}
		}
		return all
	}
	for _, test := range []struct {
		name, from string
		facts      Facts
		want       string
	}{
		{"bookworm's own", Distribution, Facts{Offers: bookworm}, "distribution docker.io compose= conflicts="},
		{"trixie's own", Distribution, Facts{Offers: trixie}, "distribution docker.io docker-cli docker-buildx docker-compose compose=docker-compose conflicts="},
		{"noble's own", Distribution, Facts{Offers: noble}, "distribution docker.io docker-buildx docker-compose-v2 compose=docker-compose-v2 conflicts="},
		{"auto, reachable", Auto, Facts{Offers: bookworm, Reachable: true}, "docker.com docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin compose=docker-compose-plugin conflicts="},
		{"auto, out of reach", "", Facts{Offers: noble}, "distribution docker.io docker-buildx docker-compose-v2 compose=docker-compose-v2 conflicts="},
		{"auto does not swap docker.io", Auto, Facts{Offers: with(noble, "docker.io", "28.2.2"), Reachable: true}, "distribution docker.io docker-buildx docker-compose-v2 compose=docker-compose-v2 conflicts="},
		{"auto does not swap docker-ce", Auto, Facts{Offers: with(noble, "docker-ce", "5:28")}, "docker.com docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin compose=docker-compose-plugin conflicts="},
		{"a swap that is asked for", DockerCom, Facts{Offers: with(with(bookworm, "docker.io", "20"), "runc", "1")}, "docker.com docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin compose=docker-compose-plugin conflicts=docker.io runc"},
		{"the other swap", Distribution, Facts{Offers: with(bookworm, "containerd.io", "1")}, "distribution docker.io compose= conflicts=containerd.io"},
	} {
		c, err := Choose(test.from, test.facts)
		got := c.From + " " + strings.Join(c.Packages, " ") + " compose=" + c.Compose + " conflicts=" + strings.Join(c.Conflicts, " ")
		if err != nil || got != test.want {
			t.Errorf("%s: %v\n got %s\nwant %s", test.name, err, got, test.want)
		}
	}
	if _, err := Choose("snap", Facts{}); fault.Code(err) != fault.Usage {
		t.Errorf("another place: %v", err)
	}
	if _, err := Choose(Auto, Facts{}); !Is(err, Unknown) {
		t.Errorf("nothing anywhere: %v", err)
	}
}

func TestWhatADistributionIsMadeFromIsFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ID=debian\nVERSION_CODENAME=bookworm\nVERSION_ID=\"12\"\n":                                "debian bookworm",
		"ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n":               "ubuntu noble",
		"ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n": "ubuntu noble",
		"ID=linuxmint\nID_LIKE=debian\nVERSION_CODENAME=faye\nDEBIAN_CODENAME=bookworm\n":          "debian bookworm",
		"ID=raspbian\nID_LIKE=debian\nVERSION_CODENAME=bookworm\n":                                 "debian bookworm",
		"ID=fedora\nVERSION_ID=41\n": " ",
	} {
		if s := parseOSRelease(text); s.Base+" "+s.BaseCodename != want {
			t.Errorf("%q: %s %s", text, s.Base, s.BaseCodename)
		}
	}
}

func TestSourcesOfBothFormatsAreRead(t *testing.T) {
	t.Parallel()
	list := parseList("a.list", "# deb http://no x main\ndeb [arch=amd64 signed-by=/K/a.gpg] https://d.com/linux/ubuntu noble stable # note\n\ndeb-src http://x/y z main\n")
	if len(list) != 2 || list[0].SignedBy != "/K/a.gpg" || list[0].Line != 2 || !list[0].same("https://D.com/linux/ubuntu/", "noble") || list[1].Type != "deb-src" {
		t.Errorf("%+v", list)
	}
	stanzas := parseDeb822("a.sources", "# c\nTypes: deb deb-src\nURIs: http://x http://y\nSuites: s\nSigned-By:\n -----BEGIN\n .\n\nEnabled: no\nTypes: deb\nURIs: http://z\nSuites: s\n\nTypes: deb\nURIs: http://w\nSuites: s/\n")
	if len(stanzas) != 5 || stanzas[0].Line != 2 || stanzas[4].URL != "http://w" || !stanzas[4].same("http://w/", "s") {
		t.Errorf("%+v", stanzas)
	}
}

func TestWhatAptComplainsOfIsRecognised(t *testing.T) {
	t.Parallel()
	for stderr, want := range map[string]Kind{
		"E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. ":                                                                                    Interrupted,
		"W: GPG error: https://d.com bookworm InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 7EA0A9C3F273FCD8":                NoKey,
		"E: Conflicting values set for option Signed-By regarding source https://d.com/linux/debian/ bookworm: /a.gpg != /b.asc\nE: The list of sources could not be read.":                SignedBy,
		"E: Failed to fetch http://m/x.deb  Hash Sum mismatch\n   Hashes of expected file:":                                                                                                Mismatch,
		"E: Failed to fetch http://m/P  File has unexpected size (12 != 11). Mirror sync in progress? [IP: 1.2.3.4 80]":                                                                    Mismatch,
		"E: Failed to fetch http://m/InRelease  Temporary failure resolving 'm'":                                                                                                           Down,
		"E: Failed to fetch http://m/x.deb  404  Not Found [IP: 1.2.3.4 80]":                                                                                                               Gone,
		"E: You don't have enough free space in /var/cache/apt/archives/.":                                                                                                                 Full,
		"dpkg: error processing archive /x.deb (--unpack):\n cannot copy extracted data for './usr/bin/x' to '/usr/bin/x.dpkg-new': failed to write (No space left on device)":             Full,
		"E: Release file for http://m/InRelease is not valid yet (invalid for another 3h 2min). Updates for this repository will not be applied.":                                          Expired,
		"E: Held packages were changed and -y was used without --allow-change-held-packages.":                                                                                              HeldBack,
		"E: Unable to correct problems, you have held broken packages.":                                                                                                                    Unmet,
		"E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\nE: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?": Forbidden,
		"E: Failed to fetch https://m/InRelease  Certificate verification failed: The certificate is NOT trusted.":                                                                         Untrusted,
		"dpkg: error processing package alpha (--configure):\n installed alpha package post-installation script subprocess returned error exit status 1\nErrors were encountered":          BrokenDep,
	} {
		p := recognise(stderr, errors.New("x"))
		if p == nil || p.Kind != want || p.Fix == "" || strings.Contains(p.Text+p.Fix, "$") {
			t.Errorf("%s\nis %+v, want %s", stderr, p, want)
		}
	}
	if p := recognise("E: something else", nil); p != nil {
		t.Errorf("something else is %+v", p)
	}
	if !locked(&command.Error{Stderr: "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 9549 (perl)"}) {
		t.Error("a lock is not recognised")
	}
}

func TestALocksHolderIsFoundByDeviceAndInode(t *testing.T) {
	t.Parallel()
	locks := "1: FLOCK  ADVISORY  WRITE 8 fe:00:77 0 EOF\n2: POSIX  ADVISORY  WRITE 9549 fe:00:10659976 0 EOF\n2: -> POSIX  ADVISORY  WRITE 11 fe:00:10659976 0 EOF\n3: POSIX  ADVISORY  WRITE 12 fd:01:10659976 0 EOF\n"
	held := parseLocks("65024 10659976 /var/lib/apt/lists/lock\n", locks)
	if len(held) != 1 || held[0].PID != 9549 {
		t.Errorf("%+v", held)
	}
	if held = parseLocks("45 10659976 /btrfs\n", locks); len(held) != 2 {
		t.Errorf("on a file system with a device of its own: %+v", held)
	}
}

func TestAProcessThatRunsFromAReplacedLibraryIsNamedByItsService(t *testing.T) {
	t.Parallel()
	r := parseRestart("reboot \nprocess ssh.service sshd\nprocess ssh.service sshd\nprocess - tmux\nprocess user@1000.service bash\n")
	if r.Reboot != "the system asks for it" || strings.Join(r.Services, " ") != "ssh.service" || strings.Join(r.Programs, " ") != "bash tmux" {
		t.Errorf("%+v", r)
	}
}

func TestTwoRecordsJoinToWhatWasFirstAndWhatIsLast(t *testing.T) {
	t.Parallel()
	first := Record{Finished: true, Packages: []Change{{Name: "a", Before: "1", After: "2", WasAuto: true}}, Files: []File{{Path: "/f", Before: &Content{Data: []byte("old")}, After: "x"}}}
	both := first.Then(Record{Packages: []Change{{Name: "a", Before: "2", After: "3"}, {Name: "b", After: "1"}}, Files: []File{{Path: "/f", After: "y"}}})
	if both.Finished || len(both.Packages) != 2 || both.Packages[0].Before != "1" || both.Packages[0].After != "3" || !both.Packages[0].WasAuto || string(both.Files[0].Before.Data) != "old" || both.Files[0].After != "y" {
		t.Errorf("%+v", both)
	}
	if first.Packages[0].After != "2" {
		t.Error("the first record was changed")
	}
}

func TestNamesThatAptWouldTakeForSomethingElseAreRefused(t *testing.T) {
	t.Parallel()
	if err := checkNames([]string{"libstdc++6", "docker.io", "libc6:i386"}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"", "-y", "a", "foo-", "foo/sid", "foo*", "Foo", "foo bar", "./x.deb"} {
		if checkNames([]string{name}) == nil {
			t.Errorf("%q was taken", name)
		}
	}
}

func TestAKeyThatExpiredOrIsBinaryIsToldApart(t *testing.T) {
	t.Parallel()
	born := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	key, err := openpgp.NewEntity("T", "", "t@example.invalid", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: 86400, Time: func() time.Time { return born }})
	if err != nil {
		t.Fatal(err)
	}
	var binary bytes.Buffer
	if err := key.Serialize(&binary); err != nil {
		t.Fatal(err)
	}
	finger := strings.ToUpper(string(hexOf(key.PrimaryKey.Fingerprint)))
	armored, err := checkKey(binary.Bytes(), finger, born.Add(time.Hour))
	if err != nil || !bytes.HasPrefix(armored, []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----")) {
		t.Fatalf("%s, %v", armored, err)
	}
	if again, err := checkKey(armored, strings.ToLower(finger[:20])+" "+finger[20:], born.Add(time.Hour)); err != nil || !bytes.Equal(again, armored) {
		t.Errorf("armored: %v", err)
	}
	if _, err := checkKey(armored, finger, born.Add(48*time.Hour)); err == nil || !strings.Contains(err.Error(), "not valid today") {
		t.Errorf("expired: %v", err)
	}
	if _, err := checkKey(armored, DockerFingerprint, born.Add(time.Hour)); fault.Code(err) != fault.Invalid {
		t.Errorf("another: %v", err)
	}
	if _, err := checkKey(armored, finger[24:], born); fault.Code(err) != fault.Usage {
		t.Errorf("a short fingerprint: %v", err)
	}
}

func hexOf(b []byte) []byte {
	var out []byte
	for _, c := range b {
		out = append(out, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
	}
	return out
}

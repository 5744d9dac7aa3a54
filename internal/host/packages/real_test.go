package packages_test

import (
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/host/packages"
	"iact-infra/internal/testbed"
)

// options lead to the mirror of the test.
func (m *mirror) options() packages.DockerOptions {
	return packages.DockerOptions{From: packages.DockerCom, Repository: m.server.URL, Fingerprint: fingerprint(m.key)}
}

// debian makes a second mirror with stand-ins of Debian's packages and lets the
// root trust it.
func (r *root) debian(debs ...deb) *mirror {
	r.t.Helper()
	m := newMirror(r.t)
	m.build(debs...)
	r.Write("/etc/apt/keyrings/debian.asc", string(public(r.t, m.key)))
	r.Write("/etc/apt/sources.list", "deb [signed-by=/etc/apt/keyrings/debian.asc] "+m.server.URL+" "+m.suite+" stable\n")
	r.Sh("apt-get update")
	return m
}

func TestRealSlowDockerComesFromAMirrorAndGoesBackToTheByte(t *testing.T) {
	t.Parallel()
	r, m := newRoot(t), newMirror(t)
	m.build(slices.Concat(docker("27.5.1"), docker("28.5.1"), docker("29.0.0"))...)
	r.debian(distribution()...)
	r.Sh("apt-get -y install docker.io docker-compose; mkdir -p /var/lib/docker/volumes; echo precious >/var/lib/docker/volumes/data; echo mine >>/etc/docker.io/conf; apt-mark auto docker-compose")
	before := r.Picture()
	options := m.options()
	options.Version = "28.*"
	choice, record, err := r.apt.Docker(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(r.said, "\n"); !strings.Contains(said, "docker.io, docker-compose, containerd, runc will be removed") {
		t.Errorf("said\n%s", said)
	}
	got := r.Sh("dpkg-query -W -f '${Package}=${Version} ' docker-ce docker-ce-cli docker-compose-plugin libsmall; cat /etc/apt/sources.list.d/docker.sources; stat -c '%a %U' /etc/apt/keyrings/docker.asc; apt-cache policy docker-ce | grep Candidate")
	for _, want := range []string{"docker-ce=5:28.5.1-1~debian.12~bookworm", "docker-ce-cli=5:28.5.1", "docker-compose-plugin=2.40.3", "libsmall=1.0", "URIs: " + m.server.URL, "Signed-By: /etc/apt/keyrings/docker.asc", "644 root", "Candidate: 5:28.5.1"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if !slices.Contains(choice.Conflicts, "docker.io") || !record.Finished || r.Sh("cat /var/lib/docker/volumes/data") != "precious" {
		t.Errorf("choice %+v\nrecord %+v", choice, record)
	}

	r.changes.arm(0)
	if _, second, err := r.apt.Docker(t.Context(), options); err != nil || !second.Empty() || len(r.changes.lines) > 0 {
		t.Errorf("a second time: %v, %+v\n%s", err, second, strings.Join(r.changes.lines, "\n"))
	}

	for range 2 {
		outcome, err := r.apt.Back(t.Context(), record)
		if err != nil || len(outcome.Missing)+len(outcome.Kept) > 0 {
			t.Errorf("back: %+v, %v", outcome, err)
		}
		r.Same(before)
	}
	if r.Sh("cat /var/lib/docker/volumes/data") != "precious" {
		t.Error("the data of docker is gone")
	}
}

func TestWholeGoingBackFromDockerIoDoesNotDeleteItsData(t *testing.T) {
	t.Parallel()
	r := newRoot(t)
	r.debian(distribution()...)
	before := r.Picture()
	_, record, err := r.apt.Docker(t.Context(), packages.DockerOptions{From: packages.Distribution})
	if err != nil {
		t.Fatal(err)
	}
	r.Sh("mkdir -p /var/lib/docker/volumes; echo precious >/var/lib/docker/volumes/data")
	if _, err := r.apt.Back(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	r.Same(before)
	if r.Sh("cat /var/lib/docker/volumes/data") != "precious" {
		t.Error("the data of docker is gone")
	}
}

func TestWholeAnUpgradeNamesVersionsRespectsHoldsAndGoesBack(t *testing.T) {
	t.Parallel()
	r := newRoot(t)
	m := r.debian(deb{name: "alpha", version: "1.0"}, deb{name: "beta", version: "1.0"}, deb{name: "gamma", version: "1.0"})
	r.Sh("apt-get -y install alpha beta gamma; apt-mark hold beta; echo mine >/etc/gamma/conf")
	before := r.Picture()
	m.build(deb{name: "alpha", version: "1.1", fields: "Depends: delta\n"}, deb{name: "beta", version: "1.1"}, deb{name: "gamma", version: "1.1"}, deb{name: "delta", version: "3"})
	r.Write("/run/reboot-required", "")
	r.Write("/run/reboot-required.pkgs", "linux-image-x\n")
	u, err := r.apt.Upgrade(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range u.Record.Packages {
		lines = append(lines, c.String())
	}
	if got := strings.Join(lines, "; "); got != "alpha 1.0 → 1.1; delta 3 (new); gamma 1.0 → 1.1" {
		t.Errorf("changed %s", got)
	}
	if len(u.KeptBack) != 1 || u.KeptBack[0] != "beta" || u.Held[0] != "beta" || u.Restart.Reboot != "linux-image-x" || len(u.NoWayBack) > 0 {
		t.Errorf("%+v", u)
	}
	if first := r.noted[0]; first.Finished || len(first.Packages) != 3 {
		t.Errorf("the intent was %+v", first)
	}
	if got := r.Sh("cat /etc/gamma/conf"); got != "mine" {
		t.Errorf("the changed configuration file is %q", got)
	}
	if again, err := r.apt.Upgrade(t.Context()); err != nil || !again.Record.Empty() {
		t.Errorf("again: %+v, %v", again, err)
	}
	outcome, err := r.apt.Back(t.Context(), u.Record)
	if err != nil || len(outcome.Missing) > 0 {
		t.Errorf("%+v, %v", outcome, err)
	}
	r.Same(before)
}

func TestWholeWhatCannotComeBackIsSaid(t *testing.T) {
	t.Parallel()
	r := newRoot(t)
	m := r.debian(deb{name: "alpha", version: "1.0"})
	r.Sh("apt-get -y install alpha")
	m.debs = nil
	m.build(deb{name: "alpha", version: "1.1"})
	u, err := r.apt.Upgrade(t.Context())
	if err != nil || len(u.NoWayBack) != 1 || u.NoWayBack[0].Before != "1.0" {
		t.Fatalf("%+v, %v", u, err)
	}
	outcome, err := r.apt.Back(t.Context(), u.Record)
	if err != nil || len(outcome.Missing) != 1 || outcome.Missing[0].String() != "alpha 1.0 → 1.1" {
		t.Errorf("%+v, %v", outcome, err)
	}
	if again, err := r.apt.IsBack(t.Context(), u.Record); err != nil || again.String() != "alpha cannot come back: no repository offers 1.0 any more" {
		t.Errorf("%q, %v", again, err)
	}
}

func TestWholeGoingBackKeepsWhatSomebodyElseNeedsByNow(t *testing.T) {
	t.Parallel()
	r := newRoot(t)
	r.debian(deb{name: "alpha", version: "1.0", fields: "Depends: beta\n"}, deb{name: "beta", version: "1.0"}, deb{name: "gamma", version: "1.0", fields: "Depends: beta\n"})
	record, err := r.apt.Install(t.Context(), []packages.Wanted{{Name: "alpha"}})
	if err != nil {
		t.Fatal(err)
	}
	r.Sh("apt-get -y install gamma")
	outcome, err := r.apt.Back(t.Context(), record)
	if err != nil || len(outcome.Kept) != 1 || !strings.Contains(outcome.Kept[0], "gamma needs it") {
		t.Errorf("%+v, %v", outcome, err)
	}
	if again, err := r.apt.IsBack(t.Context(), record); err != nil || again.String() != outcome.String() {
		t.Errorf("%q, %v", again, err)
	}
	if got := r.Sh("dpkg-query -W -f '${Package} ${db:Status-Abbrev};' alpha beta gamma 2>/dev/null; apt-mark showauto beta"); got != "beta ii ;gamma ii ;beta" {
		t.Errorf("there is %s", got)
	}
}

// The process dies before each of its changes. What it noted is enough to go back,
// also after a further run has completed the work.
func TestRealSlowKilledAtEachChangeItIsFinishedOrTakenBackByTheNextRun(t *testing.T) {
	t.Parallel()
	r, m := newRoot(t), newMirror(t)
	m.build(docker("28.5.1")...)
	r.debian(distribution()...)
	r.Sh("apt-get -y install docker.io; rmdir /etc/apt/preferences.d")
	before := r.Picture()
	options := m.options()
	options.Version = "28"
	r.apt.Mend = true
	r.changes.arm(0)
	_, whole, err := r.apt.Docker(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	total := r.changes.n
	if _, err := r.apt.Back(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	r.Same(before)
	for at := 1; at <= total; at += testbed.Stride(3) { // odd and even ones
		r.noted = nil
		r.changes.arm(at)
		if _, _, err := r.apt.Docker(t.Context(), options); err == nil {
			t.Fatalf("killed at %d of %d, it ended well", at, r.changes.n)
		}
		r.changes.arm(0)
		var noted packages.Record
		if len(r.noted) > 0 {
			noted = r.noted[len(r.noted)-1]
		}
		if at%2 == 0 {
			_, more, err := r.apt.Docker(t.Context(), options)
			if err != nil {
				t.Fatalf("the run after one that was killed at %d: %v", at, err)
			}
			noted = noted.Then(more)
			if got := r.Sh("dpkg-query -W -f '${Version}' docker-ce"); !strings.Contains(got, "28.5.1") {
				t.Errorf("killed at %d, then there is %s", at, got)
			}
		}
		if _, err := r.apt.Back(t.Context(), noted); err != nil {
			t.Fatalf("back after %d: %v", at, err)
		}
		if outcome, err := r.apt.IsBack(t.Context(), noted); err != nil || outcome.String() != "" {
			t.Errorf("back after %d: %q, %v", at, outcome, err)
		}
		r.Same(before)
	}
	if total < 6 {
		t.Errorf("only %d changes were seen", total)
	}
}

// dpkg itself is killed in the middle of a package's script.
func TestRealSlowADpkgThatWasKilledIsNamedAndMended(t *testing.T) {
	t.Parallel()
	r := newRoot(t)
	r.debian(deb{name: "alpha", version: "1.0", scripts: "postinst\n[ -e /once ] && exit 0; touch /once; kill -9 $PPID; sleep 1"}, deb{name: "beta", version: "1.0"})
	before := r.Picture()
	_, err := r.apt.Install(t.Context(), []packages.Wanted{{Name: "alpha"}, {Name: "beta"}})
	if err == nil {
		t.Fatal("the death of dpkg went unnoticed")
	}
	intent := r.noted[0]
	_, err = r.apt.Install(t.Context(), []packages.Wanted{{Name: "beta"}})
	if !packages.Is(err, packages.Interrupted) || !strings.Contains(err.Error(), "alpha") {
		t.Fatalf("a broken state: %v", err)
	}
	r.apt.Mend = true
	more, err := r.apt.Install(t.Context(), []packages.Wanted{{Name: "alpha"}, {Name: "beta"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Sh("dpkg-query -W -f '${db:Status-Abbrev}' alpha beta"); got != "ii ii" {
		t.Errorf("states %q", got)
	}
	if _, err := r.apt.Back(t.Context(), intent.Then(more)); err != nil {
		t.Fatal(err)
	}
	r.Same(before)
}

func TestWholeALockIsWaitedForAndItsHolderNamed(t *testing.T) {
	t.Parallel()
	for _, lock := range []string{"/var/lib/apt/lists/lock", "/var/lib/dpkg/lock-frontend"} {
		t.Run(strings.ReplaceAll(lock[1:], "/", " "), func(t *testing.T) {
			t.Parallel()
			r := newRoot(t)
			r.debian(deb{name: "alpha", version: "1.0"})
			release := r.holdLock(lock, 3)
			defer release()
			if err := r.apt.Refresh(t.Context()); err != nil {
				t.Error(err)
			}
			if len(r.said) != 1 || !strings.Contains(r.said[0], "perl -e") || !strings.Contains(r.said[0], lock) {
				t.Errorf("said %q", r.said)
			}
			release()
			defer r.holdLock(lock, 60)()
			r.apt.LockWait = 1e9
			_, err := r.apt.Install(t.Context(), []packages.Wanted{{Name: "alpha"}})
			if err == nil || !strings.Contains(err.Error(), "still holds the lock") {
				t.Errorf("got %v", err)
			}
		})
	}
}

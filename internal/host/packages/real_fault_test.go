package packages_test

import (
	"bytes"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/packages"
)

func (m *mirror) repository() packages.Repository {
	return packages.Repository{Name: "docker", URL: m.server.URL, Suite: m.suite, Components: []string{"stable"}, Key: m.server.URL + "/gpg", Fingerprint: fingerprint(m.key)}
}

func TestRealSlowARepositoryThatFailsLeavesAptAsItWas(t *testing.T) {
	t.Parallel()
	r, m, other := newRoot(t), newMirror(t), newKey(t)
	m.build(docker("28.5.1")...)
	r.Sh("rmdir /etc/apt/keyrings")
	before := r.Picture()
	good := func() {
		m.publish(string(m.files["/index"]), m.key)
		m.set("/gpg", public(t, m.key))
	}
	for _, test := range []struct {
		name  string
		spoil func(*packages.Repository)
		kind  packages.Kind
		want  string
	}{
		{"another key", func(*packages.Repository) { m.set("/gpg", public(t, other)) }, "", "its fingerprint is " + fingerprint(other)},
		{"two keys in one file", func(*packages.Repository) {
			m.set("/gpg", append(append(public(t, m.key), '\n'), public(t, other)...))
		}, "", "it holds several blocks"},
		{"an error page for a key", func(*packages.Repository) { m.set("/gpg", []byte("<html>log in</html>")) }, "", "read signing key"},
		{"no key there", func(x *packages.Repository) { x.Key += "x" }, packages.Gone, "is not on the mirror"},
		{"signed by another key", func(*packages.Repository) { m.publish(string(m.files["/index"]), other) }, packages.NoKey, "the key "},
		{"an index that is not what was signed", func(*packages.Repository) {
			m.set(m.index(), bytes.Replace(m.files["/index"], []byte("Size: "), []byte("Size: 9"), 1))
		}, packages.Mismatch, "is not what the repository's index says"},
		{"a suite that is not there", func(x *packages.Repository) { x.Suite = "plucky" }, packages.Unsigned, "plucky"},
		{"a mirror that is down", func(x *packages.Repository) { x.URL = "http://127.0.0.1:9/debian" }, packages.Down, "http://127.0.0.1:9/debian/dists/" + m.suite + "/InRelease"},
		{"a host that does not exist", func(x *packages.Repository) { x.Key = "http://no-such-host.invalid/gpg" }, packages.Down, "no-such-host.invalid"},
		{"an option for a suite", func(x *packages.Repository) { x.Suite = "a\nTrusted: yes" }, "", "has to be one word"},
	} {
		good()
		x := m.repository()
		test.spoil(&x)
		record, err := r.apt.AddRepository(t.Context(), x)
		if err == nil || test.kind != "" && !packages.Is(err, test.kind) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
		if test.kind != "" && fault.Hint(err) == "" {
			t.Errorf("%s: no hint", test.name)
		}
		if !record.Empty() {
			t.Errorf("%s: record %+v", test.name, record)
		}
		r.Same(before)
	}
	good()
	record, err := r.apt.AddRepository(t.Context(), m.repository())
	if err != nil || len(record.Files) != 3 {
		t.Fatalf("%+v, %v", record, err)
	}
	r.changes.arm(0)
	if again, err := r.apt.AddRepository(t.Context(), m.repository()); err != nil || !again.Empty() || r.changes.n > 0 {
		t.Errorf("a second time: %v\n%s", err, strings.Join(r.changes.lines, "\n"))
	}
	if _, err := r.apt.Back(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	r.Same(before)
}

func TestRealSlowAFileThatNamesTheSameRepositoryIsNamedAndCanBeReplaced(t *testing.T) {
	t.Parallel()
	r, m := newRoot(t), newMirror(t)
	m.build(docker("28.5.1")...)
	r.Write("/usr/share/keyrings/docker-archive-keyring.gpg", "old")
	r.Write("/etc/apt/sources.list.d/docker.list", "# from a howto\ndeb [arch=amd64 signed-by=/usr/share/keyrings/docker-archive-keyring.gpg] "+m.server.URL+"/ "+m.suite+" stable\n")
	before := r.Picture()
	_, err := r.apt.AddRepository(t.Context(), m.repository())
	if !packages.Is(err, packages.SignedBy) || !strings.Contains(err.Error(), "/etc/apt/sources.list.d/docker.list:2") {
		t.Errorf("got %v", err)
	}
	r.Same(before)
	replacing := m.repository()
	replacing.Replace = true
	record, err := r.apt.AddRepository(t.Context(), replacing)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Sh("ls /etc/apt/sources.list.d; apt-get update >/dev/null 2>&1 && echo works"); got != "docker.sources\nworks" {
		t.Errorf("there is %s", got)
	}
	// Somebody's tool writes its file again: apt reads nothing any more.
	r.Write("/etc/apt/sources.list.d/docker.list", "deb [signed-by=/usr/share/keyrings/docker-archive-keyring.gpg] "+m.server.URL+" "+m.suite+" stable\n")
	err = r.apt.Refresh(t.Context())
	if !packages.Is(err, packages.SignedBy) || !strings.Contains(err.Error(), "/etc/apt/sources.list.d/docker.list:1, /etc/apt/sources.list.d/docker.sources:2") {
		t.Errorf("apt's own complaint: %v", err)
	}
	r.Sh("rm /etc/apt/sources.list.d/docker.list")
	if _, err := r.apt.Back(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	r.Same(before)
}

func TestRealSlowAFullDiskIsNamedAndTheNextRunMends(t *testing.T) {
	t.Parallel()
	r := newRoot(t)
	r.debian(deb{name: "alpha", version: "1.0", scripts: "postinst\ncat /dev/zero >/srv/small/file"})
	r.Sh("mkdir -p /srv/small; rm -f /srv/small/file; ln -s /dev/full /srv/small/file")
	before := r.Picture()
	_, err := r.apt.Install(t.Context(), []packages.Wanted{{Name: "alpha"}})
	if !packages.Is(err, packages.Full) || !strings.Contains(fault.Hint(err), "make room") {
		t.Fatalf("got %v", err)
	}
	r.Sh("ln -sf /dev/null /srv/small/file; printf '#!/bin/sh\n' >/var/lib/dpkg/info/alpha.postinst")
	r.apt.Mend = true
	if _, err := r.apt.Install(t.Context(), []packages.Wanted{{Name: "alpha"}}); err != nil {
		t.Fatal(err)
	}
	if got := r.Sh("dpkg-query -W -f '${db:Status-Abbrev}' alpha"); got != "ii" {
		t.Errorf("state %q", got)
	}
	if _, err := r.apt.Back(t.Context(), r.noted[0]); err != nil {
		t.Fatal(err)
	}
	r.Same(before)
}

func TestRealSlowNothingIsRemovedThatWasNotNamedAndUnknownVersionsListWhatThereIs(t *testing.T) {
	t.Parallel()
	r, m := newRoot(t), newMirror(t)
	m.build(append(docker("28.5.1"), docker("27.5.1")...)...)
	r.debian(append(distribution(), deb{name: "podman", version: "4", fields: "Depends: runc\n"})...)
	r.Sh("apt-get -y install podman")
	before := r.Picture()
	options := m.options()
	_, record, err := r.apt.Docker(t.Context(), options)
	if err == nil || !strings.Contains(err.Error(), "apt would remove podman, too") {
		t.Errorf("got %v", err)
	}
	if _, err := r.apt.Back(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	r.Sh("apt-get -y purge podman runc")
	options.Version = "26.*"
	_, record, err = r.apt.Docker(t.Context(), options)
	if !packages.Is(err, packages.Unknown) || !strings.Contains(fault.Hint(err), "5:28.5.1-1~debian.12~bookworm, 5:27.5.1") {
		t.Errorf("got %v\n%s", err, fault.Hint(err))
	}
	if _, err := r.apt.Back(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	r.Sh("apt-get -y install podman")
	r.Same(before)
}

func TestRealSlowAPlanPrintsTheCommandsAndChangesNothing(t *testing.T) {
	t.Parallel()
	r, m := newRoot(t), newMirror(t)
	m.build(docker("28.5.1")...)
	r.debian(distribution()...)
	r.Sh("apt-get -y install docker.io")
	before := r.Picture()
	var plan bytes.Buffer
	apt := &packages.Apt{Door: command.NewDoor(r.changes, command.Planning(&plan))}
	if _, _, err := apt.Docker(t.Context(), m.options()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/etc/apt/sources.list.d/docker.sources", "Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0 update", "install docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin docker.io- containerd- runc-"} {
		if !strings.Contains(plan.String(), want) {
			t.Errorf("no %q in\n%s", want, plan.String())
		}
	}
	r.Same(before)
}

// A version that the mirror has dropped since the index was fetched is fetched
// with a new index.
func TestRealSlowAnOldIndexIsRenewedOnce(t *testing.T) {
	t.Parallel()
	r := newRoot(t)
	m := r.debian(deb{name: "alpha", version: "1.0"})
	m.debs = nil
	m.mu.Lock()
	delete(m.files, "/pool/alpha_0.deb")
	m.mu.Unlock()
	m.build(deb{name: "filler", version: "1"}, deb{name: "alpha", version: "1.1"})
	record, err := r.apt.Install(t.Context(), []packages.Wanted{{Name: "alpha"}})
	if err != nil || len(record.Packages) != 1 || record.Packages[0].After != "1.1" {
		t.Errorf("%+v, %v", record, err)
	}
}

package packages

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Problem is a failure of apt or dpkg that is understood.
type Problem struct {
	Kind Kind
	Text string // one line: what is the matter
	Fix  string // what to do
	Err  error
}

// Kind tells problems apart.
type Kind string

// The problems that are understood.
const (
	Interrupted Kind = "interrupted" // dpkg was killed in its work
	NoKey       Kind = "no-key"      // a repository's signing key is missing
	SignedBy    Kind = "signed-by"   // two files name one repository with different keys
	Mismatch    Kind = "mismatch"    // what a mirror sent is not what its index says
	Down        Kind = "down"        // a mirror cannot be reached
	Gone        Kind = "gone"        // a mirror does not have what was asked for
	Full        Kind = "full"        // a disk is full
	Unknown     Kind = "unknown"     // no repository has such a package or version
	Unmet       Kind = "unmet"       // dependencies cannot be met
	HeldBack    Kind = "held"        // a held package would have to change
	Expired     Kind = "expired"     // an index is too old or from the future
	Untrusted   Kind = "untrusted"   // the TLS certificate of a mirror is not accepted
	Forbidden   Kind = "forbidden"   // only root may
	Unsigned    Kind = "unsigned"    // a repository has no signature or is none
	BrokenDep   Kind = "script"      // a package's own script failed
)

func (p *Problem) Error() string { return p.Text }
func (p *Problem) Unwrap() error { return p.Err }

// Hint is what to do about it.
func (p *Problem) Hint() string { return p.Fix }

// ExitCode is that of a missing prerequisite where nothing was done.
func (p *Problem) ExitCode() int {
	switch p.Kind {
	case Forbidden, Interrupted, Down, Unknown:
		return fault.Missing
	}
	return 0
}

// Is reports whether err is a problem of that kind.
func Is(err error, kind Kind) bool {
	var p *Problem
	return errors.As(err, &p) && p.Kind == kind
}

// repairLine is what mends an interrupted dpkg, as a person types it.
const repairLine = "dpkg --configure -a && apt-get -f install"

// known is the catalogue: the first pattern that matches what apt printed wins.
// $1 … in text and fix are the pattern's groups.
func known() []struct {
	kind      Kind
	pattern   string
	text, fix string
} {
	return []struct {
		kind      Kind
		pattern   string
		text, fix string
	}{
		{Forbidden, `(?:are you root\?|requires superuser privilege|sudo: a password is required)`, "only root may change packages", "run it as root, or let sudo work without a password for this"},
		{Interrupted, `dpkg was interrupted, you must manually run`, "an earlier dpkg was interrupted", repairLine},
		{Full, `No space left on device|You don't have enough free space in (\S+)`, "the disk is full", "make room (apt-get clean; df -h /var /usr /boot), then run it again: it repairs what was cut"},
		{SignedBy, `Conflicting values set for option Signed-By regarding source (\S+) (\S+): (\S*) != (\S*)`, "two files name the repository $1 $2 with different keys ($3, $4), and apt reads none of them", "remove one of the two"},
		{NoKey, `(?:GPG error: |The repository ')(\S+) (\S+)[\s\S]*NO_PUBKEY ([0-9A-F]+)`, "the key $3 that signs $1 $2 is missing, or apt's user may not read it", "put the key into /etc/apt/keyrings with mode 0644 and name it by Signed-By"},
		{NoKey, `NO_PUBKEY ([0-9A-F]+)`, "the key $1 that signs a repository is missing, or apt's user may not read it", "put the key into /etc/apt/keyrings with mode 0644 and name it by Signed-By"},
		{Mismatch, `Failed to fetch (\S+)[^\n]*(?:Hash Sum mismatch|File has unexpected size)`, "$1 is not what the repository's index says", "the mirror is being updated, or a proxy keeps an old copy: try again in a while, with -o Acquire::http::No-Cache=true, or take another mirror"},
		{Mismatch, `Hash Sum mismatch|File has unexpected size`, "what the mirror sent is not what its index says", "the mirror is being updated, or a proxy keeps an old copy: try again in a while, with -o Acquire::http::No-Cache=true, or take another mirror"},
		{Untrusted, `(?:Failed to fetch (\S+))?[^\n]*(?:Certificate verification failed|No system certificates available)`, "the certificate of a mirror is not accepted", "apt-get install ca-certificates, check the clock, and see whether a proxy stands between"},
		{Expired, `Release file for (\S+) is (expired|not valid yet)`, "the index $1 is $2", "check the clock (date); if it is right, the mirror is no longer kept up"},
		{Unsigned, `The repository '([^']+)' (?:is not signed|does not have a Release file)`, "$1 is no signed repository", "correct the URL and the suite: the suite must be one that the repository has"},
		{Gone, `Failed to fetch (\S+)[^\n]*(?:404|File not found)`, "$1 is not on the mirror", "apt-get update, then run it again; if it stays, correct the URL"},
		{Down, `(?:Failed to fetch (\S+)\s+)?(?:Could not resolve|Temporary failure resolving|Could not connect|Cannot initiate the connection|Unable to connect|Connection failed|Connection timed out|connection timed out|Connection refused|Could not wait for server fd|Undetermined Error|50[0-9]  )`, "a mirror cannot be reached: $1", "check the network, the name service and the proxy (apt-config dump Acquire), or configure a mirror that can be reached"},
		{HeldBack, `Held packages were changed and -y was used without --allow-change-held-packages`, "a package that is held would have to change", "apt-mark showhold names it; apt-mark unhold NAME lets it change"},
		{Unknown, `Unable to locate package (\S+)`, "no repository has a package $1", "apt-get update; then correct the name or add the repository that has it"},
		{Unknown, `Version '([^']+)' for '([^']+)' was not found`, "no repository has version $1 of $2", "apt-cache madison $2 lists the versions"},
		{Unknown, `Package '?([^\s']+)'? has no installation candidate`, "no repository has a package $1", "apt-get update; then correct the name or add the repository that has it"},
		{Unmet, `Unable to correct problems, you have held broken packages|pkgProblemResolver::Resolve generated breaks|Unmet dependencies`, "the dependencies cannot all be met", "apt-get -f install; apt-mark showhold; see whether repositories of two releases are mixed"},
		{BrokenDep, `dpkg: error processing (?:package|archive) (\S+)`, "the package $1 could not be installed or configured", "see its own message (in the journal); then " + repairLine},
	}
}

// explain names the problem behind a failure of apt or dpkg where it is known.
func (a *Apt) explain(ctx context.Context, err error) error {
	var failed *command.Error
	if err == nil || !errors.As(err, &failed) {
		return err
	}
	p := recognise(failed.Stderr, err)
	if p == nil {
		return err
	}
	if p.Kind == SignedBy {
		a.nameFiles(ctx, p, failed.Stderr)
	}
	return p
}

func recognise(stderr string, err error) *Problem {
	for _, k := range known() {
		r := regexp.MustCompile(k.pattern)
		at := r.FindStringSubmatchIndex(stderr)
		if at == nil {
			continue
		}
		expand := func(s string) string {
			return strings.TrimSuffix(strings.TrimSpace(string(r.ExpandString(nil, s, stderr, at))), ":")
		}
		return &Problem{Kind: k.kind, Text: expand(k.text), Fix: expand(k.fix), Err: err}
	}
	return nil
}

// nameFiles adds the files that name one repository twice: apt's own message
// leaves them out.
func (a *Apt) nameFiles(ctx context.Context, p *Problem, stderr string) {
	m := regexp.MustCompile(`regarding source (\S+) (\S+):`).FindStringSubmatch(stderr)
	sources, err := a.Sources(ctx)
	if err != nil || m == nil {
		return
	}
	var files []string
	for _, s := range sources {
		if s.same(m[1], m[2]) {
			files = append(files, s.Where())
		}
	}
	if len(files) > 0 {
		p.Text += ": " + strings.Join(files, ", ")
		p.Fix = fmt.Sprintf("remove one of %s", strings.Join(files, ", "))
	}
}

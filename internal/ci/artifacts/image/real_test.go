package image_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/ci/artifacts/image"
	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// made is an image of busybox with some more lines of a Dockerfile, as `docker
// import --change` understands them.
func made(t *testing.T, docker *testbed.DockerDaemon, changes ...string) string {
	t.Helper()
	container, name := docker.Container(t, docker.Busybox(t), "true"), docker.Name(t)
	args := []string{"commit"}
	for _, change := range changes {
		args = append(args, "--change", change)
	}
	docker.Run(t, append(args, container, name)...)
	t.Cleanup(func() { docker.Run(t, "rmi", "--force", name) })
	return name
}

func TestRealSlowAnImageShowsThatItWorksOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	door := command.NewDoor(command.Local())
	for name, test := range map[string]struct {
		changes []string
		run     []string
		env     []string
		limit   time.Duration
		how     string
		why     []string
	}{
		"healthy":       {[]string{`CMD ["sh", "-c", "touch /up; sleep 100"]`, `HEALTHCHECK --interval=1s CMD test -e /up`}, nil, nil, time.Minute, "healthy", nil},
		"answers":       {[]string{`CMD ["sh", "-c", "sleep 1; while :; do echo hi | nc -l -p 8080; done"]`, `EXPOSE 8080`}, nil, nil, time.Minute, "answers at port 8080", nil},
		"runs":          {[]string{`CMD ["sleep", "100"]`}, nil, nil, time.Minute, "still runs", nil},
		"ends well":     {[]string{`CMD ["true"]`}, nil, nil, time.Minute, "ended well", nil},
		"a command":     {[]string{`CMD ["false"]`}, []string{"sh", "-c", `test "$KEY" = s3cret`}, []string{"KEY=s3cret"}, time.Minute, "ended well", nil},
		"fails":         {[]string{`CMD ["sh", "-c", "echo no DATABASE_URL >&2; exit 3"]`}, nil, nil, time.Minute, "", []string{"exit code 3", "no DATABASE_URL"}},
		"sick":          {[]string{`CMD ["sleep", "100"]`, `HEALTHCHECK --interval=1s --retries=1 CMD echo no answer; exit 1`}, nil, nil, time.Minute, "", []string{"health check fails", "no answer"}},
		"never listens": {[]string{`CMD ["sh", "-c", "echo waiting; sleep 100"]`, `EXPOSE 8080`}, nil, nil, 5 * time.Second, "", []string{"no port of it answers", "its log ends: waiting"}},
		"bad command":   {nil, []string{"no-such-program"}, nil, time.Minute, "", []string{"no-such-program"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			name := made(t, docker, test.changes...)
			got, err := image.Try(t.Context(), door, name, image.Options{Docker: docker.Env(), Run: test.run, Env: test.env, Limit: test.limit})
			if test.how != "" && err != nil || !strings.HasPrefix(got.How, test.how) {
				t.Errorf("got %+v, %v", got, err)
			}
			for _, want := range test.why {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
			if !strings.HasPrefix(got.Digest, "sha256:") || got.SizeBytes < 1<<19 {
				t.Errorf("digest %s, %d bytes", got.Digest, got.SizeBytes)
			}
			if left := docker.Run(t, "ps", "--all", "--quiet", "--filter", "ancestor="+name); left != "" {
				t.Errorf("left: %s", left)
			}
		})
	}
	t.Run("missing", func(t *testing.T) {
		t.Parallel()
		if _, err := image.Try(t.Context(), door, docker.Name(t), image.Options{Docker: docker.Env()}); err == nil || !strings.Contains(err.Error(), "there is none") {
			t.Errorf("got %v", err)
		}
	})
}

func TestRealContainersOfDeadRunsAreSweptAndNoOthers(t *testing.T) {
	t.Parallel()
	docker := testbed.Docker(t)
	busybox := docker.Busybox(t)
	here, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	label := func(owner string) string {
		name := docker.Name(t)
		return docker.Container(t, "--label", "iact.ci.trial="+name, "--label", "iact.ci.owner="+owner, busybox, "true")
	}
	now := time.Now()
	dead, living, far, forgotten := label(here+"/1/1/1"), label(image.Owner(now)), label("elsewhere/1/1/"+strconv.FormatInt(now.Unix(), 10)), label("elsewhere/1/1/1")
	swept, err := image.Sweep(t.Context(), command.NewDoor(command.Local()), docker.Env(), now)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(swept, " ")
	for _, gone := range []string{dead, forgotten} {
		if !strings.Contains(got, gone) {
			t.Errorf("%s is not swept: %s", gone, got)
		}
	}
	for _, stays := range []string{living, far} {
		if strings.Contains(got, stays) || docker.Run(t, "ps", "--all", "--quiet", "--filter", "name="+stays) == "" {
			t.Errorf("%s is swept", stays)
		}
	}
}

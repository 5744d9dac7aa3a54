package configuration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
)

// featureLimit is for all that one feature's registry is asked.
const featureLimit = 1500 * time.Millisecond

// fetched asks the registries for the features that are still to be installed. A
// container that has them needs no registry, and none is asked.
func fetched(ctx context.Context, s *scene.Scene) []doctor.Finding {
	settings, err := s.Settings()
	if err != nil || len(settings.Features) == 0 {
		return doctor.Good("none is to be fetched")
	}
	main, err := s.Main()
	if err != nil {
		return doctor.Unseen(err)
	}
	var wanted []devjson.Feature
	for _, f := range settings.Features {
		if strings.Contains(f.ID, "/") && !strings.HasPrefix(f.ID, ".") && !strings.ContainsAny(f.ID, " ${") && (main == nil || lacks(main, f.ID)) {
			wanted = append(wanted, f)
		}
	}
	path, _ := s.ConfigPath()
	found := make([]*doctor.Finding, len(wanted))
	var all errgroup.Group
	all.SetLimit(8)
	for i, f := range wanted {
		all.Go(func() error {
			if found[i] = fetch(ctx, f.ID); found[i] != nil {
				found[i].Where = path + ":" + f.At.String()
			}
			return nil
		})
	}
	_ = all.Wait() // none returns an error
	var bad []doctor.Finding
	for _, f := range found {
		if f != nil {
			bad = append(bad, *f)
		}
	}
	if len(bad) == 0 {
		return doctor.Good("%d asked for at their registries", len(wanted))
	}
	return bad
}

// lacks says whether the tools have made a container without a feature. One made
// by hand tells nothing.
func lacks(c *scene.Container, id string) bool {
	label, made := c.Config.Labels["devcontainer.metadata"]
	bare := regexp.MustCompile(`(:[\w.-]+|@sha256:\w+)$`).ReplaceAllString(strings.ToLower(id), "")
	return made && !strings.Contains(strings.ToLower(label), bare)
}

// fetch is what keeps a feature from being fetched; nil when nothing does.
func fetch(ctx context.Context, id string) *doctor.Finding {
	ctx, cancel := context.WithTimeout(ctx, featureLimit)
	defer cancel()
	address, host := manifest(id)
	code, err := get(ctx, address)
	f := &doctor.Finding{
		Code: "DC-FEATURE", State: doctor.Fail, Title: doctor.Say("La feature no se puede descargar", "The feature cannot be fetched"),
		Explains: []string{"DC-STA-001", "DC-STA-014"}, Fix: "curl -sSI " + address,
	}
	var late net.Error
	switch {
	case errors.As(err, &late) && late.Timeout():
		f.State, f.Evidence = doctor.Warn, fmt.Sprintf("%s: %s gives no answer within %v", id, host, featureLimit)
		f.Cause = doctor.Say("el registro de la feature no contesta desde esta máquina", "the registry of the feature does not answer this machine")
	case err != nil:
		f.Evidence = id + ": " + err.Error()
		f.Cause = doctor.Say("esta máquina no alcanza el registro de la feature, %s: sin ella no se construye el contenedor", "this machine does not reach the registry of the feature, %s: without it the container is not built", host)
	case code == http.StatusNotFound:
		f.Evidence = fmt.Sprintf("%s: %s answers %d", id, host, code)
		f.Cause = doctor.Say("el registro no tiene esa feature, o no esa versión", "the registry has no such feature, or not this version")
		f.Fix = "# correct the id or its version; https://containers.dev/features lists those there are\n" + f.Fix
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		f.State, f.Evidence = doctor.Warn, fmt.Sprintf("%s: %s answers %d to who has no account", id, host, code)
		f.Cause = doctor.Say("la feature no existe, o es privada y hay que entrar antes en el registro", "the feature does not exist, or is private and needs a login at the registry")
		f.Fix = "docker login " + host + "\n" + f.Fix
	default:
		return nil
	}
	return f
}

// manifest is the address at which a feature is asked for.
func manifest(id string) (address, host string) {
	if at, err := url.Parse(id); err == nil && at.Scheme == "https" {
		return id, at.Host
	}
	host, name, _ := strings.Cut(strings.ToLower(id), "/")
	tag := "latest"
	if at := strings.IndexByte(name, '@'); at >= 0 {
		name, tag = name[:at], name[at+1:]
	} else if at := strings.IndexByte(name, ':'); at >= 0 {
		name, tag = name[:at], name[at+1:]
	}
	scheme := "https"
	if strings.HasPrefix(host, "localhost") || strings.HasPrefix(host, "127.") {
		scheme = "http"
	}
	return scheme + "://" + host + "/v2/" + name + "/manifests/" + tag, host
}

// get asks a registry, with the token that it gives to everybody when it wants
// one.
func get(ctx context.Context, address string) (code int, err error) {
	code, challenge, _, err := send(ctx, address, "")
	m := regexp.MustCompile(`realm="([^"]+)"`).FindStringSubmatch(challenge)
	if err != nil || code != http.StatusUnauthorized || m == nil {
		return code, err
	}
	query := url.Values{}
	for _, pair := range regexp.MustCompile(`(service|scope)="([^"]+)"`).FindAllStringSubmatch(challenge, -1) {
		query.Set(pair[1], pair[2])
	}
	code, _, body, err := send(ctx, m[1]+"?"+query.Encode(), "")
	token := regexp.MustCompile(`"(?:token|access_token)"\s*:\s*"([^"]+)"`).FindSubmatch(body)
	if err != nil || token == nil {
		return code, err
	}
	code, _, _, err = send(ctx, address, string(token[1]))
	return code, err
}

// send is one question. Nothing is fetched but the beginning of the answer.
func send(ctx context.Context, address, token string) (code int, challenge string, body []byte, err error) {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", nil, err
	}
	ask.Header.Set("Accept", "application/vnd.oci.image.manifest.v1+json")
	if token != "" {
		ask.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}}
	defer client.CloseIdleConnections()
	got, err := client.Do(ask)
	if err != nil {
		return 0, "", nil, err
	}
	defer got.Body.Close()
	body, err = io.ReadAll(io.LimitReader(got.Body, 64<<10))
	return got.StatusCode, got.Header.Get("WWW-Authenticate"), body, err
}

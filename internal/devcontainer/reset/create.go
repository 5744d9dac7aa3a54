package reset

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/client"
)

// settings are those of a container as the engine's API tells them, and takes
// them: what docker inspect says is what docker create is given, word by word.
type settings struct {
	ID              string         `json:"Id"`
	Config          map[string]any // of the image and the process
	HostConfig      map[string]any // mounts, ports, limits
	NetworkSettings struct {
		Networks map[string]endpoint
	}
	Mounts []struct{ Type, Name, Destination string }
}

// endpoint is a container in a network, as far as somebody has asked for it.
type endpoint struct {
	IPAMConfig map[string]any `json:",omitempty"`
	Links      []string       `json:",omitempty"`
	Aliases    []string       `json:",omitempty"`
	DriverOpts map[string]any `json:",omitempty"`
}

func (d *Desk) inspect(ctx context.Context, id string) (settings, error) {
	out, err := d.Ask(ctx, "container", "inspect", id)
	if err != nil {
		return settings{}, err
	}
	var all []settings
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 1 {
		return settings{}, fmt.Errorf("read docker inspect %s: %w", id, err)
	}
	return all[0], nil
}

// create makes a container with the settings of another one, of an image, and in
// all networks of it. With volumes, those without a name are carried over.
func create(ctx context.Context, docker client.Docker, s settings, name, image string, volumes bool) (id string, err error) {
	mode, _ := s.HostConfig["NetworkMode"].(string)
	if mode == "default" {
		mode = "bridge"
	}
	body := s.body(image, mode, volumes)
	text, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	answer, err := post(ctx, docker, "/containers/create?name="+url.QueryEscape(name), text)
	if err != nil {
		return "", err
	}
	var made struct{ ID string }
	if err := json.Unmarshal(answer, &made); err != nil || made.ID == "" {
		return "", fmt.Errorf("create %s: the engine says %.200q", name, answer)
	}
	for network, at := range s.NetworkSettings.Networks {
		if network == mode || mode == "host" || mode == "none" || strings.HasPrefix(mode, "container:") {
			continue
		}
		if _, err := docker.Do(ctx, at.connect(network, made.ID, s.ID)...); err != nil {
			return made.ID, err
		}
	}
	return made.ID, nil
}

// body is what the API takes.
func (s settings) body(image, mode string, volumes bool) map[string]any {
	body := map[string]any{}
	for name, value := range s.Config {
		body[name] = value
	}
	body["Image"] = image
	delete(body, "MacAddress") // of the old one
	if host, _ := body["Hostname"].(string); strings.HasPrefix(s.ID, host) || mode == "host" || strings.HasPrefix(mode, "container:") {
		delete(body, "Hostname")
		delete(body, "Domainname")
	}
	if strings.HasPrefix(mode, "container:") {
		delete(body, "ExposedPorts")
	}
	host := map[string]any{}
	for name, value := range s.HostConfig {
		host[name] = value
	}
	if volumes {
		host["Binds"] = s.binds()
	} else {
		host["Binds"], body["Volumes"] = s.fresh()
	}
	body["HostConfig"] = host
	if at, is := s.NetworkSettings.Networks[mode]; is && mode != "bridge" && mode != "host" && mode != "none" {
		at.Aliases = at.named(s.ID)
		body["NetworkingConfig"] = map[string]any{"EndpointsConfig": map[string]endpoint{mode: at}}
	}
	return body
}

// binds are those of the container, and its volumes without a name, which nothing
// else speaks of.
func (s settings) binds() []string {
	var all []string
	listed, _ := s.HostConfig["Binds"].([]any)
	for _, one := range listed {
		if bind, is := one.(string); is && strings.Contains(bind, ":") {
			all = append(all, bind)
		}
	}
	mounts, _ := s.HostConfig["Mounts"].([]any)
	for _, m := range s.Mounts {
		taken := slices.ContainsFunc(all, func(bind string) bool {
			return len(strings.Split(bind, ":")) > 1 && strings.Split(bind, ":")[1] == m.Destination
		}) ||
			slices.ContainsFunc(mounts, func(one any) bool { o, _ := one.(map[string]any); return o["Target"] == m.Destination })
		if m.Type == "volume" && !taken {
			all = append(all, m.Name+":"+m.Destination)
		}
	}
	return all
}

// fresh are the binds without volumes that have no name, and the folders that get
// new ones of that kind.
func (s settings) fresh() (binds []string, folders map[string]any) {
	folders = map[string]any{}
	listed, _ := s.Config["Volumes"].(map[string]any)
	for folder := range listed {
		folders[folder] = map[string]any{}
	}
	for _, bind := range s.binds() {
		if at := strings.Split(bind, ":"); anonymous(at[0]) {
			folders[at[1]] = map[string]any{}
		} else {
			binds = append(binds, bind)
		}
	}
	return binds, folders
}

// named are the aliases that somebody gave: older engines add the id.
func (e endpoint) named(id string) []string {
	return slices.DeleteFunc(slices.Clone(e.Aliases), func(a string) bool { return len(a) == 12 && strings.HasPrefix(id, a) })
}

func (e endpoint) connect(network, id, was string) []string {
	args := []string{"network", "connect"}
	for _, alias := range e.named(was) {
		args = append(args, "--alias", alias)
	}
	for option, key := range map[string]string{"--ip": "IPv4Address", "--ip6": "IPv6Address"} {
		if address, _ := e.IPAMConfig[key].(string); address != "" {
			args = append(args, option, address)
		}
	}
	return append(args, network, id)
}

// without takes off what a container had from its image, so that it takes it from
// a new one.
func (s settings) without(image map[string]any) settings {
	config := map[string]any{}
	for name, value := range s.Config {
		of, has := image[name]
		if !has || !reflect.DeepEqual(value, of) {
			config[name] = value
		}
	}
	if mine, is := config["Env"].([]any); is {
		theirs, _ := image["Env"].([]any)
		config["Env"] = slices.DeleteFunc(slices.Clone(mine), func(one any) bool { return slices.Contains(theirs, one) })
	}
	if mine, is := config["Labels"].(map[string]any); is {
		theirs, _ := image["Labels"].(map[string]any)
		own := map[string]any{}
		for name, value := range mine {
			if theirs[name] != value {
				own[name] = value
			}
		}
		config["Labels"] = own
	}
	s.Config = config
	return s
}

// post asks the API for something that the docker client has no word for, through
// the client, which knows the way to the engine.
func post(ctx context.Context, docker client.Docker, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://docker"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Close = true
	var wire bytes.Buffer
	if err := request.Write(&wire); err != nil {
		return nil, err
	}
	out, err := docker.Feed(ctx, &wire, "system", "dial-stdio")
	if err != nil {
		return nil, fmt.Errorf("ask the engine for %s: %w", path, err)
	}
	response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(out)), request)
	if err != nil {
		return nil, fmt.Errorf("read the answer of the engine to %s: %w", path, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return answer, err
	}
	var said struct{ Message string }
	if json.Unmarshal(answer, &said) == nil && said.Message != "" {
		return nil, errors.New("Error response from daemon: " + said.Message)
	}
	return nil, fmt.Errorf("the engine answers %s", response.Status)
}

package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"iact-infra/internal/command"
)

// detail is what a restore has to know.
func (v *Volume) detail(layout string, held []string) map[string]string {
	d := map[string]string{
		"volume": v.Volume, "driver": v.found.Driver, "way": v.Way, "mode": v.Mode, "docker_version": v.info.Version,
	}
	put := func(key string, value any, size int) {
		if text, err := json.Marshal(value); err == nil && size > 0 {
			d[key] = string(text)
		}
	}
	if layout != "" {
		d["layout"] = layout
	}
	put("options", masked(v.found.Options), len(v.found.Options))
	put("labels", v.found.Labels, len(v.found.Labels))
	put("held", held, len(held))
	users := map[string]string{}
	for _, c := range v.users {
		users[c.Name] = c.Image
	}
	put("containers", users, len(users))
	return d
}

// options of a volume, for docker volume create.
func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// masked are the options of a volume without the secrets that a network share
// takes among them. Nothing is lost for a restore: a volume with a device is
// never made anew with its options.
func masked(options map[string]string) map[string]string {
	secret := regexp.MustCompile(`(?i)\b(password2?|pass|passwd)=[^,]*`)
	clean := maps.Clone(options)
	for key, value := range clean {
		clean[key] = secret.ReplaceAllString(value, "$1=***")
	}
	return clean
}

// SharesFiles says whether the options of a volume of a set lead to files that
// another volume with the same options would share: an NFS export, a directory.
func SharesFiles(detail map[string]string) bool {
	var options map[string]string
	_ = json.Unmarshal([]byte(detail["options"]), &options)
	return options["device"] != "" && options["type"] != "tmpfs"
}

// CreateVolume is the command that makes a new volume like one of a set. Where
// the new one would share the files of the old one, it is a plain one.
func CreateVolume(detail map[string]string, name string) (command.Command, error) {
	var options, labels map[string]string
	for key, into := range map[string]*map[string]string{"options": &options, "labels": &labels} {
		if detail[key] == "" {
			continue
		}
		if err := json.Unmarshal([]byte(detail[key]), into); err != nil {
			return command.Command{}, fmt.Errorf("read %s of the volume: %w", key, err)
		}
	}
	if detail["driver"] == "" {
		return command.Command{}, errors.New("the set does not say of which driver the volume is")
	}
	if SharesFiles(detail) {
		options = nil
	}
	args := []string{"volume", "create"}
	if detail["driver"] != "local" {
		args = append(args, "--driver", detail["driver"])
	}
	for _, key := range sortedKeys(options) {
		args = append(args, "--opt", key+"="+options[key])
	}
	for _, key := range sortedKeys(labels) {
		args = append(args, "--label", key+"="+labels[key])
	}
	return command.Change("docker", append(args, name)...), nil
}

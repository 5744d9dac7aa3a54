package sbom

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"iact-infra/internal/fault"
)

// NPM reads the packages of a package-lock.json of version 2 or 3.
func NPM(lock io.Reader) ([]Part, error) {
	var read struct {
		Version  int `json:"lockfileVersion"`
		Packages map[string]struct {
			Name        string
			Version     string
			Integrity   string
			Link        bool
			Dev         bool
			Optional    bool
			DevOptional bool
			License     json.RawMessage
		}
	}
	if err := json.NewDecoder(lock).Decode(&read); err != nil {
		return nil, fault.New(fault.Invalid, "npm install writes it anew", fmt.Errorf("read package-lock.json: %w", err))
	}
	if read.Version < 2 {
		return nil, fault.New(fault.Invalid, "npm install --package-lock-only (npm 7 or newer) writes it anew",
			fmt.Errorf("read package-lock.json: version %d has no list of packages", read.Version))
	}
	var parts []Part
	for path, p := range read.Packages {
		// The project, its workspaces and links to them are no packages from elsewhere.
		at := strings.LastIndex(path, "node_modules/")
		if at < 0 || p.Link || p.Version == "" {
			continue
		}
		name := p.Name // set where it is installed under another name
		if name == "" {
			name = path[at+len("node_modules/"):]
		}
		parts = append(parts, Part{
			Name: name, Version: p.Version, Kind: "npm", Licence: npmLicence(p.License),
			Hashes: integrity(p.Integrity), Optional: p.Dev || p.Optional || p.DevOptional,
		})
	}
	return parts, nil
}

// npmLicence understands the forms that package.json has had: a name, {type} and a list.
func npmLicence(raw json.RawMessage) string {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		return name
	}
	var one struct{ Type string }
	if json.Unmarshal(raw, &one) == nil {
		return one.Type
	}
	var many []struct{ Type string }
	if json.Unmarshal(raw, &many) == nil {
		var names []string
		for _, m := range many {
			names = append(names, m.Type)
		}
		return strings.Join(names, " OR ")
	}
	return ""
}

// integrity turns npm's hashes (sha512-BASE64, several with blanks) into hexadecimal ones.
func integrity(text string) []Hash {
	var hashes []Hash
	for one := range strings.FieldsSeq(text) {
		kind, value, _ := strings.Cut(one, "-")
		algorithm := map[string]string{"sha512": "SHA-512", "sha384": "SHA-384", "sha256": "SHA-256", "sha1": "SHA-1"}[kind]
		raw, err := base64.StdEncoding.DecodeString(value)
		if algorithm != "" && err == nil {
			hashes = append(hashes, Hash{algorithm, hex.EncodeToString(raw)})
		}
	}
	return hashes
}

package artifacts

import (
	"errors"
	"io"
	"os"

	"iact-infra/internal/ci/artifacts/sbom"
	"iact-infra/internal/whole"
)

// Sources are where a project's packages are listed, as paths.
type Sources struct {
	Locks []string // files package-lock.json
	Venvs []string // directories
}

// Bill writes the CycloneDX document of a project to file and tells how many
// packages it lists. Sources that list none are left out and told by the error;
// the document of the others is written all the same.
func Bill(file, project, version string, from Sources) (packages int, err error) {
	var parts []sbom.Part
	var failed []error
	for _, lock := range from.Locks {
		found, err := locked(lock)
		parts, failed = append(parts, found...), append(failed, err)
	}
	for _, venv := range from.Venvs {
		found, err := sbom.Python(venv)
		parts, failed = append(parts, found...), append(failed, err)
	}
	failed = append(failed, whole.Write(file, 0o644, func(w io.Writer) error { return sbom.Write(w, project, version, parts) }))
	return len(parts), errors.Join(failed...)
}

func locked(lock string) ([]sbom.Part, error) {
	in, err := os.Open(lock)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return sbom.NPM(in)
}

package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/config"
)

// delivered holds a file of the repository against what the table of keys
// makes of it. With IACT_UPDATE=1 the file is written instead.
func delivered(t *testing.T, name string, want []byte) {
	t.Helper()
	file := filepath.Join("..", "..", "config", name)
	if os.Getenv("IACT_UPDATE") == "1" {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("config/%s does not agree with the table of keys: run IACT_UPDATE=1 go test ./internal/config", name)
	}
}

func TestTheDeliveredConfigurationAgreesWithTheTableOfKeys(t *testing.T) {
	t.Parallel()
	delivered(t, "iact.yaml", []byte(config.Commented("en")))
}

func TestTheDeliveredSchemaIsFresh(t *testing.T) {
	t.Parallel()
	delivered(t, "iact.schema.json", config.Schema())
}

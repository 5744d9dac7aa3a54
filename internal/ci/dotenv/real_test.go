package dotenv_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"testing"

	"iact-infra/internal/ci/dotenv"
	"iact-infra/internal/command"
)

func TestRealPythonDotenvReadsTheSame(t *testing.T) {
	t.Parallel()
	const program = `
import io, json, logging, sys
from dotenv import dotenv_values
logging.disable(logging.CRITICAL)
texts = json.load(sys.stdin)
json.dump([{k: v for k, v in dotenv_values(stream=io.StringIO(t, newline=None), interpolate=False).items() if v is not None} for t in texts], sys.stdout)`
	texts := corpus()[:1500]
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	look := command.Read("/usr/bin/python3", "-c", program)
	look.Stdin = bytes.NewReader(in)
	out, err := command.NewDoor(command.Local()).Text(t.Context(), look).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var want []map[string]string
	if err := json.Unmarshal(out, &want); err != nil || len(want) != len(texts) {
		t.Fatalf("%d answers for %d texts, %v", len(want), len(texts), err)
	}
	read := 0
	for i, text := range texts {
		got := dotenv.Values(dotenv.Parse(text))
		read += len(want[i])
		if !maps.Equal(got, want[i]) {
			t.Errorf("%q: %q, python-dotenv reads %q", text, got, want[i])
		}
	}
	if read < len(texts)/4 {
		t.Errorf("the texts hold %d variables, too few to tell", read)
	}
}

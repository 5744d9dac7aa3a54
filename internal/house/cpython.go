package house

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"iact-infra/internal/cpython"
	"iact-infra/internal/procedure"
)

// buildCPython makes the room of the interpreters.
func (h *House) buildCPython() *cpython.Room {
	room := cpython.New(cpython.Options{Config: h.Config, Now: h.env.Now})
	if h.continues != nil {
		_ = room.Select(cpython.Asked(h.continues.Args())) // the first one is never refused
	}
	return room
}

func openCPython(h *House) (procedure.Procedure, error) { return h.cpython().Procedure(), nil }

// RunCPython is a step of the procedure for a version: -version=X.Y.Z -pgo=stop|fallback -verify=pinned.
func (h *House) RunCPython(ctx context.Context, target string, version, pgo, verify *string) error {
	if err := h.cpython().Select(cpython.Selection{Version: given(version), PGO: given(pgo), Verify: given(verify)}); err != nil {
		return h.Told(err)
	}
	return h.Run(ctx, target)
}

// FetchCPython is cpython:fetch, which takes several versions: -version=X.Y.Z,X.Y.Z -verify=pinned.
func (h *House) FetchCPython(ctx context.Context, version, verify *string) error {
	first, also, _ := strings.Cut(given(version), ",")
	if err := h.cpython().Select(cpython.Selection{Version: first, Also: also, Verify: given(verify)}); err != nil {
		return h.Told(err)
	}
	return h.Run(ctx, "cpython:fetch")
}

// InstallCPython is cpython:all and cpython:install, which also take -from=FILE: an artefact that the project has published.
func (h *House) InstallCPython(ctx context.Context, target string, version, pgo, verify, from *string) error {
	pick := cpython.Selection{Version: given(version), PGO: given(pgo), Verify: given(verify)}
	if from != nil {
		file, err := filepath.Abs(*from)
		if err != nil {
			return h.Told(err)
		}
		pick.From = file
	}
	if err := h.cpython().Select(pick); err != nil {
		return h.Told(err)
	}
	return h.Run(ctx, target)
}

// MeasureCPython is cpython:bench -version=X.Y.Z -against=X.Y.Z -suite=auto|shipped|pyperformance -quick=true.
func (h *House) MeasureCPython(ctx context.Context, version, against, suite *string, quick *bool) error {
	pick := cpython.Selection{Measure: true, Version: given(version), Against: given(against), Suite: given(suite), Quick: quick != nil && *quick}
	if err := h.cpython().Select(pick); err != nil {
		return h.Told(err)
	}
	return h.Run(ctx, "cpython:bench")
}

// ListCPython is cpython:list.
func (h *House) ListCPython(ctx context.Context) error {
	return h.Told(h.result(func(string) (any, func(io.Writer), error) {
		door, err := h.Door()
		if err != nil {
			return nil, nil, err
		}
		listed, err := h.cpython().List(ctx, door)
		return listed, listed.Write, err
	}))
}

// ExportCPython is cpython:cache -version=X.Y.Z -export=DIR -build=N; without -export it lists.
func (h *House) ExportCPython(ctx context.Context, version, export *string, number *int) error {
	if export == nil {
		return h.ListCPython(ctx)
	}
	if err := h.cpython().Select(cpython.Selection{Version: given(version)}); err != nil {
		return h.Told(err)
	}
	return h.Told(h.result(func(string) (any, func(io.Writer), error) {
		door, err := h.Door()
		if err != nil {
			return nil, nil, err
		}
		n := 1
		if number != nil {
			n = *number
		}
		to, err := filepath.Abs(*export)
		if err != nil {
			return nil, nil, err
		}
		path, err := h.cpython().Export(ctx, door, to, n)
		return map[string]string{"path": path}, func(w io.Writer) { fmt.Fprintln(w, path) }, err
	}))
}

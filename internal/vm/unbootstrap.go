package vm

import (
	"context"
	"fmt"
	"os"

	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
)

// unprepare takes back what step 3 has put down: passwords that were there before
// are none of it.
func (r *Room) unprepare(_ context.Context, w *procedure.Work) error {
	var done readied
	found, err := w.Recall(bootstrapKey, &done)
	if err != nil {
		return err
	}
	if !found {
		return procedure.ErrNothingToUndo
	}
	for _, one := range done.Modes {
		if err := os.Chmod(one.Path, one.Old); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return liftAll(w, done.Files, done.Dirs)
}

func (r *Room) unprepared(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var done readied
	if found, err := w.Recall(bootstrapKey, &done); err != nil || !found {
		return "nothing was put down", err
	}
	if err := allLifted(done.Files); err != nil {
		return "", err
	}
	for _, one := range done.Modes {
		if info, err := os.Stat(one.Path); err == nil && info.Mode().Perm() != one.Old {
			return "", fmt.Errorf("look at %s: it is still executable", one.Path)
		}
	}
	return "scripts and passwords are as they were", nil
}

// planPrepare says what step 3 would do.
func (r *Room) planPrepare(ctx context.Context, w *procedure.Work) ([]string, error) {
	s, err := r.scene(w.Door)
	if err != nil {
		return nil, err
	}
	done, err := r.lacking(ctx, s)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, one := range done.Files {
		if one.Path == s.config.VM.Logins {
			all = append(all, fmt.Sprintf(`(umask 077; for db in POSTGRESQL MARIADB; do echo "${db}_PASSWORD=$(openssl rand -hex 16)"; done >%s)`, one.Path))
			continue
		}
		all = append(all, s.Show(command.Change("install", "-m", "755", "/dev/null", one.Path)), fmt.Sprintf("cat >%s  # scripts/bootstrap.sh with the text of its parts", one.Path))
	}
	for _, one := range done.Modes {
		all = append(all, s.Show(command.Change("chmod", "+x", one.Path)))
	}
	return all, nil
}

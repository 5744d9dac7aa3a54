package daemon

import "context"

// Is says whether the file is the one that it was before an Apply.
func (d *Daemon) Is(ctx context.Context, a Applied) (bool, error) {
	now, err := d.read(ctx, a.File)
	return err == nil && now.sum() == a.Before, err
}

package backup_test

import (
	"context"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/testbed"
)

// volumes saves volumes, or brings them back: -volumes=A,B -set=ID.
func (p *program) volumes(ctx context.Context, name string, flags map[string]string) error {
	w := &procedure.Work{
		Door:   command.NewDoor(command.Local()),
		Record: func(string, any) error { return nil }, Recall: func(string, any) (bool, error) { return false, nil },
	}
	all := strings.Split(flags["-volumes"], ",")
	if name == "volumes:back" {
		return p.room.PutVolumesBack(ctx, w, flags["-set"], all)
	}
	set, err := p.room.SaveVolumes(ctx, w, all)
	if err != nil {
		return err
	}
	return p.console.Result(set, nil)
}

func TestRealVolumesThatAreAboutToBeRemovedAreSavedReadBackAndMissedByNobody(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	first, second := d.Volume(t), d.Volume(t, "--label", "kind=data")
	fill(t, d, first, "echo one >/data/file")
	fill(t, d, second, "echo two >/data/file")
	r := withDocker(t, d)
	r.good("volumes:save", "-volumes="+first+","+second)
	set := r.newest()
	for _, name := range []string{first, second} {
		if held := source(t, set, name); held.State != "verified" {
			t.Errorf("%s is %s", name, held.State)
		}
	}
	d.Run(t, "volume", "rm", first, second)
	r.good("backup:all") // which misses neither
	r.good("volumes:back", "-set="+set.ID, "-volumes="+first+","+second)
	for name, want := range map[string]string{first: "one", second: "two"} {
		if got := d.Run(t, "run", "--rm", "-v", name+":/data", d.Busybox(t), "cat", "/data/file"); got != want {
			t.Errorf("%s holds %q", name, got)
		}
	}
	if got := d.Run(t, "volume", "inspect", "--format", "{{.Labels.kind}}", second); got != "data" {
		t.Errorf("it has the label %q", got)
	}
	r.run("volumes:save", "-volumes="+first+",iact-t-absent").refused(fault.Missing, "find volume iact-t-absent", "docker volume ls shows them")
}

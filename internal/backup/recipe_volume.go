package backup

import (
	"bytes"
	"fmt"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
)

func volumeRecipe(b *bytes.Buffer, s *manifest.Source) {
	d := s.Detail
	state := "while its containers ran"
	switch {
	case d["held"] != "" && d["mode"] == "stop":
		state = "while the containers that use it were stopped"
	case d["held"] != "":
		state = "while the containers that use it were paused"
	case d["containers"] == "":
		state = "when no container used it"
	}
	to := d["volume"] + "_restored"
	fmt.Fprintf(b, "The Docker volume %s (driver %s) as it was at %s, read %s\n%s, %d entries, as a plain tar stream. It goes into a new volume, beside the one that\nmay still be there:\n\n",
		d["volume"], d["driver"], s.Snapshot.Format(moment), wayOf(d), state, s.Files)
	create, err := source.CreateVolume(d, to)
	if err != nil {
		create, _ = source.CreateVolume(map[string]string{"driver": "local"}, to)
	}
	fmt.Fprintf(b, "    %s\n", create)
	fmt.Fprintf(b, "    %s | tar -x -p --numeric-owner --xattrs --xattrs-include='*' -C \"$(docker volume inspect --format '{{.Mountpoint}}' %s)\"\n", decoded(s.Dir), word(to))
	if source.SharesFiles(d) {
		fmt.Fprintf(b, "\nThe options of the volume (%s) lead to files outside of Docker, which another volume with\nthem would share; so the new one has none.\n", d["options"])
	}
	b.WriteString("\nThat takes root on the machine of the Docker daemon. From elsewhere, or where the volume is mounted only\nwhile a container uses it, through any image with GNU tar, instead of the second line:\n\n")
	fmt.Fprintf(b, "    %s | docker run --rm -i --network none --user 0 -v %s:/to debian tar -x -p --numeric-owner --xattrs --xattrs-include='*' -C /to\n", decoded(s.Dir), word(to))
	b.WriteString("\nThen let the containers use the new volume, or copy it over the old one while they are stopped.\n")
}

// wayOf says how a volume was read.
func wayOf(d map[string]string) string {
	if d["way"] == source.WayMount || d["way"] == source.WayTar {
		return "at its mount point"
	}
	return "by " + d["way"]
}

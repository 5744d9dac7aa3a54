package backup

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"iact-infra/internal/backup/machine"
	"iact-infra/internal/backup/manifest"
)

func vmRecipe(b *bytes.Buffer, s *manifest.Source) {
	d := s.Detail
	state := "which was off"
	switch {
	case d["frozen"] == "true":
		state = "which ran, with its file systems frozen"
	case d["running"] == "true":
		state = "which ran: to its system it is as after a loss of power"
	}
	dir, name := "restored-"+s.Name, d["domain"]+"-restored"
	fmt.Fprintf(b, "The machine %s of %s as it was at %s, %s,\nas a plain tar stream: %s says what it is, definition/ is what its provider knows of it, disks/ has\nits disks, raw and with their holes (GNU tar and bsdtar lay them down as such):\n\n",
		d["domain"], d["provider"], s.Snapshot.Format(moment), state, machine.File)
	fmt.Fprintf(b, "    mkdir %s\n    %s | tar -x -S -C %s\n", word(dir), decoded(s.Dir), word(dir))
	b.WriteString("\nThen make it anew, under another name:\n\n")
	if d["provider"] == "virtualbox" {
		virtualboxRecipe(b, d, dir, name)
	} else {
		libvirtRecipe(b, d, dir, name)
	}
	if strings.Contains(" "+d["files"]+" ", " "+machine.KeyFile+" ") {
		fmt.Fprintf(b, "\nThe key to log in with is %s/definition/%s.\n", dir, machine.KeyFile)
	}
}

func libvirtRecipe(b *bytes.Buffer, d map[string]string, dir, name string) {
	at := `"$PWD"/` + word(dir)
	fmt.Fprintf(b, "    sed -e %s -e '/<uuid>/d' -e '/<mac address/d' -e '/<backingStore.*\\/>/d' \\\n", word("s|<name>.*</name>|<name>"+name+"</name>|"))
	for _, target := range strings.Fields(d["disks"]) {
		fmt.Fprintf(b, "      -e %s%s%s \\\n", word("s|"+d["path_"+target]+"|"), at, word("/"+machine.DiskFile(target)+"|"))
	}
	for _, one := range [][2]string{{"kernel", "vmlinuz"}, {"initrd", "initrd.img"}} {
		tag, file := one[0], one[1]
		if strings.Contains(" "+d["files"]+" ", " "+file+" ") {
			fmt.Fprintf(b, "      -e %s%s%s \\\n", word("s|<"+tag+">.*</"+tag+">|<"+tag+">"), at, word("/definition/"+file+"</"+tag+">|"))
		}
	}
	fmt.Fprintf(b, "      -e \"s|type='qcow2'|type='raw'|\" %s/definition/domain.xml > %s/domain.xml\n", word(dir), word(dir))
	fmt.Fprintf(b, "    virsh define %s/domain.xml\n    virsh start %s\n", word(dir), word(name))
}

func virtualboxRecipe(b *bytes.Buffer, d map[string]string, dir, name string) {
	memory, _ := strconv.ParseInt(d["memory_bytes"], 10, 64)
	fmt.Fprintf(b, "    VBoxManage createvm --name %s --register\n    VBoxManage modifyvm %s --memory %d --cpus %s --nic1 nat\n    VBoxManage storagectl %s --name SATA --add sata\n",
		word(name), word(name), memory>>20, word(d["cpus"]), word(name))
	for i, target := range strings.Fields(d["disks"]) {
		vdi := dir + "/" + target + ".vdi"
		fmt.Fprintf(b, "    VBoxManage convertfromraw %s %s --format VDI\n", word(dir+"/"+machine.DiskFile(target)), word(vdi))
		fmt.Fprintf(b, "    VBoxManage storageattach %s --storagectl SATA --port %d --type hdd --medium %s\n", word(name), i, word(vdi))
	}
	fmt.Fprintf(b, "    VBoxManage startvm %s --type headless\n", word(name))
}

package libvirt

import (
	"fmt"
	"os"
)

// domain is what is read of a domain's XML. Sizes have units of their own.
type domain struct {
	Name   string `xml:"name"`
	UUID   string `xml:"uuid"`
	Memory amount `xml:"memory"`
	CPUs   int    `xml:"vcpu"`
	Disks  []disk `xml:"devices>disk"`
	Kernel string `xml:"os>kernel"`
	Initrd string `xml:"os>initrd"`
}

type amount struct {
	Unit  string `xml:"unit,attr"`
	Value int64  `xml:",chardata"`
}

// bytes follows libvirt's units, of which KiB is the default.
func (a amount) bytes() int64 {
	switch a.Unit {
	case "b", "bytes":
		return a.Value
	case "KB":
		return a.Value * 1000
	case "MB":
		return a.Value * 1000 * 1000
	case "GB":
		return a.Value * 1000 * 1000 * 1000
	case "M", "MiB":
		return a.Value << 20
	case "G", "GiB":
		return a.Value << 30
	case "T", "TiB":
		return a.Value << 40
	}
	return a.Value << 10
}

type disk struct {
	Type   string `xml:"type,attr"`
	Device string `xml:"device,attr"`
	Driver struct {
		Type string `xml:"type,attr"`
	} `xml:"driver"`
	Source struct {
		File   string `xml:"file,attr"`
		Dev    string `xml:"dev,attr"`
		Pool   string `xml:"pool,attr"`
		Volume string `xml:"volume,attr"`
	} `xml:"source"`
	Target struct {
		Dev string `xml:"dev,attr"`
	} `xml:"target"`
	ReadOnly  *struct{} `xml:"readonly"`
	Shareable *struct{} `xml:"shareable"`
}

// path is where the disk lies on this host, "" where it is not a file or a
// device.
func (d disk) path() string {
	if d.Source.File != "" {
		return d.Source.File
	}
	return d.Source.Dev
}

// definitionFile is the domain's XML in a definition.
const definitionFile = "domain.xml"

// removable is why a disk is left out that nobody misses.
const removable = "it is a medium that is put in"

// leftOut says why a disk is not part of a capture, "" when it is.
func (d disk) leftOut() string {
	switch {
	case d.Device == "cdrom" || d.Device == "floppy":
		return removable
	case d.Device != "" && d.Device != "disk":
		return "it is a " + d.Device
	case d.ReadOnly != nil:
		return "it is read-only, and so not the machine's own"
	case d.Shareable != nil:
		return "other machines share it"
	case d.Type != "file" && d.Type != "block":
		return "it is of type " + d.Type + ": only files and devices can be read"
	case d.Driver.Type != "qcow2" && d.Driver.Type != "raw":
		return "its format is " + d.Driver.Type + ": only qcow2 and raw can be read"
	}
	return ""
}

// bootFiles reads what the machine is started with by QEMU itself.
func (d domain) bootFiles(into map[string][]byte) error {
	for name, path := range map[string]string{kernelFile: d.Kernel, initrdFile: d.Initrd} {
		if path == "" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read what machine %s is started with: %w", d.Name, err)
		}
		into[name] = text
	}
	return nil
}

// The files of a machine that QEMU starts without a boot loader.
const (
	kernelFile = "vmlinuz"
	initrdFile = "initrd.img"
)

package virtualbox

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"iact-infra/internal/vm/provider"
)

// disk is one disk of a machine and the image that it writes to.
type disk struct {
	provider.Disk
	image string // UUID
}

// target is where a disk is plugged in, as a file may be called: the name of a
// controller may be any text. Two controllers never give the same one.
func target(controller string, port, device int) string {
	var name strings.Builder
	for _, letter := range []byte(controller) {
		switch {
		case 'a' <= letter && letter <= 'z', 'A' <= letter && letter <= 'Z', '0' <= letter && letter <= '9':
			name.WriteByte(letter)
		case letter == ' ':
			name.WriteByte('_')
		default:
			fmt.Fprintf(&name, "%%%02X", letter)
		}
	}
	return name.String() + "-" + strconv.Itoa(port) + "-" + strconv.Itoa(device)
}

// disks are those of a machine, with what they take with all the images that
// they are made of.
func (p *Provider) disks(ctx context.Context, about info) ([]disk, error) {
	images, err := p.images(ctx)
	if err != nil {
		return nil, err
	}
	var all []disk
	plug := regexp.MustCompile(`^(.*)-ImageUUID-(\d+)-(\d+)$`)
	for _, one := range about {
		at := plug.FindStringSubmatch(one.key)
		if at == nil {
			continue
		}
		top, is := images[one.value]
		if !is {
			continue // it is a medium that is put in
		}
		port, _ := strconv.Atoi(at[2])
		device, _ := strconv.Atoi(at[3])
		d := disk{provider.Disk{Target: target(at[1], port, device), Path: top.path, Size: top.size}, one.value}
		for next, found := top, true; found; next, found = images[next.parent] {
			d.Used += next.used
		}
		all = append(all, d)
	}
	return all, nil
}

// image is a file that VirtualBox has registered as a disk, or as what was
// written to one since a snapshot.
type image struct {
	path, parent string
	size, used   int64
}

// images are all of them, by UUID.
func (p *Provider) images(ctx context.Context) (map[string]image, error) {
	out, err := p.ask(ctx, "list", "--long", "hdds")
	if err != nil {
		return nil, err
	}
	all := map[string]image{}
	id := ""
	for line := range strings.Lines(out) {
		label, value, is := strings.Cut(strings.TrimRight(line, "\n"), ":")
		if !is {
			continue
		}
		value = strings.TrimSpace(value)
		if label == "UUID" {
			id = value
		}
		one := all[id]
		switch label {
		case "Parent UUID":
			one.parent = value
		case "Location":
			one.path = value
		case "Capacity":
			one.size = megabytes(value)
		case "Size on disk":
			one.used = megabytes(value)
		}
		if id != "" {
			all[id] = one
		}
	}
	return all, nil
}

// megabytes reads "40960 MBytes".
func megabytes(text string) int64 {
	number, _, _ := strings.Cut(text, " ")
	n, _ := strconv.ParseInt(number, 10, 64)
	return n << 20
}

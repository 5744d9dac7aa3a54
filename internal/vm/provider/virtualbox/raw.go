package virtualbox

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"iact-infra/internal/diskimage"
)

// openRaw is a disk that lies in a file as it is. Its holes are the file's.
func openRaw(path string) (diskimage.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var segments []diskimage.Segment
	for end := int64(0); end < info.Size(); {
		start, err := unix.Seek(int(f.Fd()), end, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break // nothing but a hole is left
		}
		if err != nil {
			start = end // the file system knows no holes
		}
		stop, err := unix.Seek(int(f.Fd()), start, unix.SEEK_HOLE)
		if err != nil {
			stop = info.Size()
		}
		segments = append(segments, diskimage.Segment{Extent: diskimage.Extent{Offset: start, Length: stop - start}, File: path, At: start})
		end = stop
	}
	return diskimage.OpenMapped(info.Size(), segments)
}

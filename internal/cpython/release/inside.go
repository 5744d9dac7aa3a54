package release

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ulikunitz/xz"
)

// inside is the directory with which the archive begins, "Python-3.13.5". No signature covers the name of a file: a
// source may serve an older release, signed as well, under the name of a newer one. Only the beginning is unpacked.
func inside(tarball string) (string, error) {
	file, err := os.Open(tarball)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	var plain io.Reader
	if strings.Contains(tarball, ".tar.xz") {
		plain, err = xz.NewReader(bufio.NewReader(file)) // which reads byte by byte
	} else {
		plain, err = gzip.NewReader(file)
	}
	if err != nil {
		return "", fmt.Errorf("read archive: %w", err)
	}
	header, err := tar.NewReader(plain).Next()
	if err != nil {
		return "", fmt.Errorf("read archive: %w", err)
	}
	top, _, _ := strings.Cut(header.Name, "/")
	return top, nil
}

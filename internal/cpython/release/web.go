package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// web is a URL below which releases lie as on python.org. Proxies and certificates are those of the client.
type web struct {
	base   string
	client *http.Client
}

// String is the URL without a password.
func (w web) String() string {
	if u, err := url.Parse(w.base); err == nil {
		return u.Redacted()
	}
	return w.base
}

func (w web) names(v Version) []tarball {
	var all []tarball
	for _, kind := range kinds() {
		name := "Python-" + v.String() + kind
		all = append(all, tarball{path: v.base() + "/" + name, name: name})
	}
	return all
}

func (w web) open(ctx context.Context, path string, at int64, mark string) (*stream, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "identity") // the bytes that were signed, not what they unpack to
	if at > 0 && mark != "" {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", at))
		request.Header.Set("If-Range", mark) // a server that holds another file by now sends all of that
	}
	response, err := w.client.Do(request)
	if err != nil {
		return nil, err
	}
	s := &stream{ReadCloser: response.Body, total: response.ContentLength, mark: markOf(response.Header)}
	switch code := response.StatusCode; {
	case code == http.StatusOK:
		return s, nil
	case code == http.StatusPartialContent && s.continues(response.Header.Get("Content-Range"), at, mark):
		return s, nil
	case code == http.StatusPartialContent, code == http.StatusRequestedRangeNotSatisfiable:
		_ = response.Body.Close() // what it holds is not wanted
		if at == 0 {
			return nil, &statusError{code: code, url: request.URL.Redacted()}
		}
		return w.open(ctx, path, 0, "")
	default:
		_ = response.Body.Close() // what it holds is not wanted
		return nil, &statusError{code: code, url: request.URL.Redacted()}
	}
}

// continues checks that a part answers what was asked for: it begins at byte at, of the file with that mark.
func (s *stream) continues(contentRange string, at int64, mark string) bool {
	parts := regexp.MustCompile(`^bytes ([0-9]+)-[0-9]+/([0-9]+|\*)$`).FindStringSubmatch(contentRange)
	if parts == nil || parts[1] != strconv.FormatInt(at, 10) || s.mark != "" && s.mark != mark {
		return false
	}
	s.at, s.total, s.mark = at, -1, mark
	if total, err := strconv.ParseInt(parts[2], 10, 64); err == nil {
		s.total = total
	}
	return true
}

// markOf is what If-Range may hold: a strong ETag, else the date.
func markOf(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return h.Get("Last-Modified")
}

// list reads the directory page, which has a link for each release: href="3.13.5/".
func (w web) list(ctx context.Context) ([]Version, error) {
	page, err := w.open(ctx, "", 0, "")
	if err != nil {
		return nil, err
	}
	const limit = 4 << 20
	text, err := io.ReadAll(io.LimitReader(page, limit))
	if err := errors.Join(err, page.Close()); err != nil {
		return nil, err
	}
	var all []Version
	for _, link := range regexp.MustCompile(`href="([0-9]+\.[0-9]+\.[0-9]+)/"`).FindAllSubmatch(text, -1) {
		if v, err := Parse(string(link[1])); err == nil {
			all = append(all, v)
		}
	}
	return all, nil
}

// statusError is an answer other than the file.
type statusError struct {
	code int
	url  string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("get %s: %d %s", e.url, e.code, http.StatusText(e.code))
}

// Is makes "not found" and "gone" what a missing file is everywhere.
func (e *statusError) Is(target error) bool {
	return target == fs.ErrNotExist && (e.code == http.StatusNotFound || e.code == http.StatusGone)
}

// passing reports whether the same question may be answered in a moment.
func (e *statusError) passing() bool {
	return e.code >= 500 || e.code == http.StatusTooManyRequests || e.code == http.StatusRequestTimeout
}

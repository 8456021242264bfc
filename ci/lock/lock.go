package lock

import (
	"net/url"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// MaxBytes is the most that a lock may hold: 10,000 wheels take 5 MB.
const MaxBytes = 16 << 20

// Wheel is one wheel of the lock.
type Wheel struct {
	// File is the bare file name; also the lock's relative path.
	File string
	// Size in bytes.
	Size int64
	// SHA256 in lower-case hex.
	SHA256 string
	// URL it came from, http or https, without user-info, query and fragment;
	// empty when built here or unknown. Encode makes any other so by CleanURL,
	// Parse refuses it.
	URL string
	// Sdist is what it was built from, where it was built here; else nil.
	Sdist *Sdist
}

// Sdist is a source distribution that a wheel was built from.
type Sdist struct {
	// File is the bare file name.
	File string
	// URL as that of a wheel; may be empty.
	URL string
	// SHA256 in lower-case hex; empty where it is not known.
	SHA256 string
}

// Lock is a lock over one wheelhouse.
type Lock struct {
	// Tarball is the wheelhouse's base name.
	Tarball string
	// Format is the tarball's: wheelhouse.Format, or empty for one made elsewhere.
	Format string
	// SHA256 (lower-case hex) and Size (bytes) of the tarball.
	SHA256 string
	Size   int64
	// Python is "3.11", or "3.13t" for the free-threaded; empty when unknown.
	Python string
	// Wheels, sorted by file name; Encode takes them in any order.
	Wheels []Wheel
}

// FileName gives the lock's name for a tarball's base name: without .tgz or
// .tar.gz, and every dot left out, since PEP 751 allows none:
// "wheelhouse-3.11.tgz" gives "pylock.wheelhouse-311.toml".
func FileName(tarball string) string {
	stem := tarball
	for _, suffix := range []string{".tgz", ".tar.gz"} {
		if cut, ok := strings.CutSuffix(tarball, suffix); ok {
			stem = cut
			break
		}
	}
	stem = strings.ReplaceAll(stem, ".", "")
	if stem == "" {
		return "pylock.toml"
	}
	return "pylock." + stem + ".toml"
}

// CleanURL gives a URL as a lock may hold it: user-info, query and fragment,
// where credentials hide, are cut off. What is not http or https, has a
// host whose name is not ASCII, or is no URL at all gives "".
func CleanURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	if strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return ""
	}
	return u.String()
}

// Spans gives where each wheel lies in the tarball, from the lock alone. The
// code is no-layout for a tarball that was not packed as this program does,
// bad-lock when the wheels do not add up to the tarball's size.
func (l Lock) Spans() ([]wheelhouse.Span, error) {
	if l.Format != wheelhouse.Format {
		return nil, fault.New(fault.Refused, "no-layout", "locating wheels in %q: its format is %q, and not %q", l.Tarball, l.Format, wheelhouse.Format)
	}
	files := make([]wheelhouse.File, 0, len(l.Wheels))
	for _, w := range l.Wheels {
		files = append(files, wheelhouse.File{Name: w.File, Size: w.Size})
	}
	spans, size, err := wheelhouse.Layout(files)
	if err != nil {
		return nil, fault.New(fault.Refused, "bad-lock", "locating wheels in %q: %w", l.Tarball, err)
	}
	if size != l.Size {
		return nil, fault.New(fault.Refused, "bad-lock", "locating wheels in %q: its wheels make a tarball of %d bytes, and the lock says %d", l.Tarball, size, l.Size)
	}
	return spans, nil
}

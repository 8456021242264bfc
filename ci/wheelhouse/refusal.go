package wheelhouse

import (
	"archive/tar"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

const hintFetch = "fetch or build it again"

// refuse says what is wrong with the tarball of that name.
func refuse(name, code, format string, args ...any) *fault.Error {
	return fault.New(fault.Refused, code, "reading tarball %s: %s", printable(name), fmt.Sprintf(format, args...))
}

// truncated is the one error for a tarball that ends early, wherever it does.
func truncated(name string) error {
	return refuse(name, "tar-truncated", "it is cut short").WithHint(hintFetch)
}

func damaged(name, what string) error {
	return refuse(name, "tar-damaged", "%s", what).WithHint(hintFetch)
}

func (t *tarReader) refuse(code, format string, args ...any) *fault.Error {
	return refuse(t.name, code, format, args...)
}

func (t *tarReader) truncated() error          { return truncated(t.name) }
func (t *tarReader) damaged(what string) error { return damaged(t.name, what) }

// badHeader is for a header that archive/tar does not take.
func (t *tarReader) badHeader() error {
	if len(t.members) == 0 {
		return t.refuse("not-tar", "it is gzip, but what is in it is no tar").WithHint(hintFetch)
	}
	return t.damaged(fmt.Sprintf("the header after member %q is not valid", shorten(t.members[len(t.members)-1])))
}

// kind names a member's type.
func kind(typeflag byte) string {
	switch typeflag {
	case tar.TypeLink:
		return "a hard link"
	case tar.TypeSymlink:
		return "a symbolic link"
	case tar.TypeChar, tar.TypeBlock:
		return "a device"
	case tar.TypeFifo:
		return "a fifo"
	case tar.TypeGNUSparse:
		return "a sparse file"
	}
	return fmt.Sprintf("of the unknown type %q", typeflag)
}

// shorten keeps a message to one line's length.
func shorten(name string) string {
	const most = 200
	if len(name) > most {
		return name[:most] + "..."
	}
	return name
}

// zeros tells whether p holds nothing but zeros.
func zeros(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// printable gives a path as it is where that can be printed, else escaped.
func printable(path string) string {
	if utf8.ValidString(path) && !strings.ContainsFunc(path, notPrintable) {
		return path
	}
	return strconv.Quote(path)
}

package wheelhouse

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// maxNameBytes is the longest file name that common file systems take.
const maxNameBytes = 255

// nameTrouble says what forbids name as a member's name in any tarball; ""
// when nothing does.
func nameTrouble(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxPathBytes:
		return fmt.Sprintf("is longer than %d bytes", maxPathBytes)
	case !utf8.ValidString(name):
		return "is not UTF-8"
	case strings.ContainsFunc(name, notPrintable):
		return "holds control or unprintable characters"
	case strings.Contains(name, ","):
		return "holds a comma, which separates wheels in records"
	case strings.Contains(name, `\`):
		return "holds a backslash, which separates folders on Windows"
	case path.IsAbs(name) || hasDrive(name):
		return "is absolute"
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return `leads out of its folder by ".."`
		}
	}
	return ""
}

// notPrintable tells control characters and such invisible ones as turn a
// name's direction around.
func notPrintable(r rune) bool { return !unicode.IsPrint(r) }

// hasDrive tells whether name starts with a Windows drive, "C:".
func hasDrive(name string) bool {
	if len(name) < 2 || name[1] != ':' {
		return false
	}
	c := name[0] | 0x20
	return 'a' <= c && c <= 'z'
}

// isWheel tells whether a bare file name is taken as a wheel's. Hidden files
// are none: "._x.whl" is what macOS leaves beside x.whl.
func isWheel(bare string) bool {
	return strings.HasSuffix(bare, ".whl") && !strings.HasPrefix(bare, ".")
}

// wheelNameTrouble is nameTrouble for a wheel's bare name.
func wheelNameTrouble(bare string) string {
	switch {
	case len(bare) > maxNameBytes:
		return fmt.Sprintf("is longer than %d bytes", maxNameBytes)
	case strings.ContainsAny(bare, "/:"):
		return "holds a slash or a colon"
	}
	return nameTrouble(bare)
}

// fold gives what names that differ only in case have in common, so that they
// are found before a file system that ignores case merges two files.
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// names remembers which names were seen, to find doubles.
type names map[string]string

// add gives the earlier name that name clashes with, or "".
func (n names) add(name string) (earlier string) {
	key := fold(name)
	if earlier, seen := n[key]; seen {
		return earlier
	}
	n[key] = name
	return ""
}

// checkWheelName refuses a name that a wheel in a tarball of ours cannot have.
func checkWheelName(bare string) error {
	if trouble := wheelNameTrouble(bare); trouble != "" {
		return fault.New(fault.Refused, "unsafe-member", "wheel name %q %s", bare, trouble).
			WithHint("rename the wheel, or build it again")
	}
	if !isWheel(bare) {
		return fault.New(fault.Refused, "not-a-wheel", "%q is not the name of a wheel", bare).
			WithHint("pack files whose names end in .whl")
	}
	return nil
}

// checkDistinct refuses a wheel whose name clashes with one in seen.
func checkDistinct(seen names, bare string) error {
	earlier := seen.add(bare)
	switch earlier {
	case "":
		return nil
	case bare:
		return fault.New(fault.Refused, "duplicate-member", "two wheels are named %q", bare).
			WithHint("pack each wheel once")
	}
	return fault.New(fault.Refused, "duplicate-member", "wheels %q and %q differ only in case", earlier, bare).
		WithHint("pack each wheel once")
}

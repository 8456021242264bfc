package report

import (
	"os"
	"strings"

	"golang.org/x/term"
)

// usualColumns is how wide a terminal is that does not say.
const usualColumns = 80

// IsTerminal tells whether f is a terminal on which a line can be redrawn for a
// person: not where TERM is dumb, and not in a CI (CI set, and neither empty nor
// false), whose log would keep every frame. NO_COLOR changes nothing: the line
// has no colours.
func IsTerminal(f *os.File, getenv func(name string) (string, bool)) bool {
	if !watched(getenv) {
		return false
	}
	return term.IsTerminal(int(f.Fd())) && obeys(f)
}

// watched tells whether the environment speaks of somebody who looks on.
func watched(getenv func(name string) (string, bool)) bool {
	name, _ := getenv("TERM")
	ci, _ := getenv("CI")
	return name != "dumb" && (ci == "" || strings.EqualFold(ci, "false") || ci == "0")
}

// columns gives a terminal's width, as it is now.
func columns(f *os.File) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	return usualColumns
}

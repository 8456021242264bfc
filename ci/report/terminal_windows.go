package report

import (
	"os"

	"golang.org/x/sys/windows"
)

// obeys tells whether a console understands how a line is erased, which one
// does only after it was asked to.
func obeys(f *os.File) bool {
	var mode uint32
	console := windows.Handle(f.Fd())
	if windows.GetConsoleMode(console, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}

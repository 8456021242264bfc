package python

import (
	"errors"
	"regexp"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// fullText matches what programs say of a disk without room: ENOSPC and EDQUOT,
// as the C library and Python have them and as Windows does.
var fullText = regexp.MustCompile(`(?i)No space left on device|\[Errno 28\]|os error 28\b|Disk quota exceeded|There is not enough space on the disk`)

// diskFull is the error of a command that found no room, by what it printed;
// nil when it failed for another reason. It says nothing about the wheels.
func diskFull(doing, printed string) error {
	if !fullText.MatchString(printed) {
		return nil
	}
	return fault.New(fault.Unable, "disk-full", "%s: no space left on the disk", doing).
		WithHint("make room, or have TMPDIR name a folder with more of it")
}

// errorText is all that is known of how a command failed.
func errorText(err error) string {
	var exit *command.ExitError
	if errors.As(err, &exit) {
		return exit.Stderr
	}
	return err.Error()
}

//go:build !linux

package command

import (
	"fmt"
	"os/exec"
	"runtime"
)

// isolate has no network namespace to give.
func isolate(*exec.Cmd) error {
	return fmt.Errorf("%s has none", runtime.GOOS)
}

func isNamespaceError(error) bool { return false }

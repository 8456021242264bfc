//go:build !unix

package command

import (
	"os"
	"os/exec"
)

// group does nothing: there are no process groups.
func group(*exec.Cmd) {}

// endGroup kills the process when it has not ended yet, which waited would say.
func endGroup(cmd *exec.Cmd, waited <-chan error) {
	if waited != nil {
		cmd.Process.Kill()
		<-waited
	}
}

// endedBy knows of no signals.
func endedBy(*os.ProcessState) string { return "" }

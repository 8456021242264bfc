//go:build !windows && (!unix || aix || solaris)

package atomicfile

import (
	"errors"
	"os"
)

func lockFile(*os.File) (bool, error) { return false, errors.ErrUnsupported }

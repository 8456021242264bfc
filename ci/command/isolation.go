package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// Isolation tells whether this machine lets a command run without network:
// nil, or ErrNamespace with why it does not (EPERM, ENOSPC, EINVAL, or another
// system than Linux). It tries once, in a few milliseconds, and does not
// cache. See Loopback for the next step.
func Isolation(ctx context.Context) error {
	for _, path := range []string{"/bin/true", "/usr/bin/true"} {
		_, err := os.Stat(path)
		if err == nil {
			return isolated(ctx, Command{Path: path})
		}
	}
	// A system with little else has its shell.
	return isolated(ctx, Command{Path: "/bin/sh", Args: []string{"-c", ":"}})
}

// Loopback is Isolation and more: it tells whether python, the path of an
// interpreter, can bring loopback up inside the namespace, in the time that a
// bare interpreter takes to start. Some security modules allow the namespace
// and refuse that.
func Loopback(ctx context.Context, python string) error {
	return isolated(ctx, Command{Path: python, Args: []string{"-I", "-S", "-c", ""}, Python: python})
}

func isolated(ctx context.Context, c Command) error {
	c.NoNetwork = true
	c.Env = []string{}
	_, err := c.Pipe(ctx).String()
	var exit *ExitError
	if errors.As(err, &exit) && exit.Status == loopbackStatus {
		return namespaceError(err)
	}
	if errors.Is(err, exec.ErrNotFound) && c.Python == "" {
		return namespaceError(fmt.Errorf("nothing to try it with: %w", err))
	}
	return err
}

// loopbackStatus is the wrapper's exit status when it could not bring loopback
// up; the command was not run.
const loopbackStatus = 125

// loopbackScript brings loopback up (SIOCSIFFLAGS, which takes an ifreq of at
// most 40 bytes, with IFF_UP) and becomes the command. Python ignores two
// signals, which would be inherited.
const loopbackScript = `
import fcntl, os, signal, socket, struct, sys
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sH22x", b"lo", 1))
except OSError as e:
    sys.stderr.write("bringing loopback up: %s\n" % e)
    sys.exit(125)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
try:
    os.execv(sys.argv[1], sys.argv[1:])
except OSError as e:
    sys.stderr.write("%s: %s\n" % (sys.argv[1], e.strerror))
    sys.exit(126)
`

// loopback wraps a command: -I and -S keep the user's settings and site
// packages out, and the start short.
func loopback(python, path string, args []string) (string, []string) {
	return python, append([]string{"-I", "-S", "-c", loopbackScript, path}, args...)
}

// Package container runs commands in one container that has no network, with
// docker or podman, whichever answers:
//
//	e, err := container.Find(ctx, os.Environ())
//	c, err := e.Start(ctx, container.Options{Image: "python:3.11", Mounts: mounts})
//	defer c.Close(ctx)
//	out, err := c.Through(command.Command{Path: "python3", Args: []string{"-V"}}).Pipe(ctx).String()
//
// # What is taken away
//
// The container has loopback alone (--network none), no capabilities, no way
// to gain any (no-new-privileges), and of this machine's files those that are
// mounted, under the paths that they have here. Its commands run as the caller,
// so that what they write is the caller's: by --user, or, where the engine runs
// without root's help, as the container's root, who is the caller already.
//
// # How it ends
//
// What keeps the container alive is a cat that reads from us. When we close its
// input, or are killed and the kernel does, it ends, all other commands end
// with it, and the engine removes the container (--rm). Close does not rely on
// that: what is still there after a moment is removed by force. Where the
// engine itself was killed or hangs, a container may be left; its name and its
// label ("wheelhouse") tell whose it is, and the next Start removes those whose
// owner is gone.
//
// # Errors
//
// Errors are *fault.Error. Wrong use: bad-image. Could not be done here:
// no-container-engine, no-image, container-failed, container-left. A cancelled
// context's error is returned wrapped.
package container

// Package command runs external commands as script pipelines: with a folder,
// an environment, a process group that ends with its caller, separate stderr
// and, on Linux, a network namespace that has only loopback.
//
//	version, err := command.Command{Path: "python3", Args: []string{"-V"}}.
//		Pipe(ctx).String()
//
// The command's standard output is the pipe's content, so every filter and
// sink of package script works on it. The pipe's error is set when its content
// has been read to the end, which every sink does:
//
//   - *ExitError when the command ran and failed;
//   - the context's error when ctx ended first, whatever the command's status;
//   - the error of starting it otherwise: exec.ErrNotFound for a name that is
//     not in PATH, fs.ErrNotExist for a path, ErrNamespace.
//
// A command has no terminal: it is a process group in the background, so that
// a signal typed at the terminal reaches us alone and we end the group. What
// would ask a question there must be told not to ask.
//
// # Processes left behind
//
// When the command itself has ended, what is left of its process group is
// ended too, so that no background process outlives it or holds the pipe. One
// that left the group may live on; the pipe gives what it can read at once and
// then ends, grace (2 seconds) after the command. On Windows, which has
// neither groups nor SIGTERM, the process alone is killed.
package command

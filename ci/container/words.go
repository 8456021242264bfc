package container

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// Mount is a file or folder of this machine that the container has under the
// same path.
type Mount struct {
	// Path is absolute.
	Path string
	// Writable lets the container write to it; the default is read-only.
	Writable bool
}

// label is what every container of ours carries.
const label = "wheelhouse"

// image matches what may be the name of an image: an option cannot be one.
var image = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,511}$`)

// checkImage refuses what cannot be an image's name. Code: bad-image.
func checkImage(name string) error {
	if image.MatchString(name) {
		return nil
	}
	return fault.New(fault.Usage, "bad-image", "not the name of an image, such as python:3.11: %q", printable(name))
}

// proxies are the variables that docker's and podman's own settings put into
// every container. They name hosts that it cannot reach, at times with a
// password.
var proxies = [...]string{"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"}

// runWords are the arguments that start the container: cat, which the image
// brings, echoes what it reads, and ends when its input does.
func runWords(e Engine, name string, o Options, uid, gid int) ([]string, error) {
	words := []string{"run", "--interactive", "--rm", "--name", name, "--label", label,
		"--sig-proxy=false",
		"--stop-signal", "KILL", // else podman waits ten seconds for what is deaf
		"--network", "none", "--cap-drop", "ALL",
		"--security-opt", "no-new-privileges", "--security-opt", "label=disable"}
	if !e.Rootless {
		words = append(words, "--user", fmt.Sprintf("%d:%d", uid, gid))
	}
	if e.Remapped {
		words = append(words, "--userns", "host")
	}
	for _, variable := range proxies {
		words = append(words, "--env", variable+"=", "--env", strings.ToLower(variable)+"=")
	}
	for _, m := range o.Mounts {
		if !filepath.IsAbs(m.Path) {
			return nil, fault.New(fault.Unable, "container-failed", "a container cannot be given %q: not an absolute path", m.Path)
		}
		words = append(words, "--mount", mountWord(m))
	}
	return append(words, "--entrypoint", "cat", o.Image), nil
}

// mountWord is a value of --mount, which is a line of CSV.
func mountWord(m Mount) string {
	path := strings.ReplaceAll(m.Path, `"`, `""`)
	word := fmt.Sprintf(`type=bind,"source=%s","target=%s"`, path, path)
	if !m.Writable {
		word += ",readonly"
	}
	return word
}

// execWords are the arguments that run a command inside. environ is all that it
// gets besides what the image sets.
func execWords(name, dir string, environ []string, stdin bool, path string, args []string) []string {
	words := []string{"exec"}
	if stdin {
		words = append(words, "--interactive")
	}
	if dir != "" {
		words = append(words, "--workdir", dir)
	}
	for _, variable := range environ {
		// Without "=" the engine would take the value from its own environment.
		if key, _, ok := strings.Cut(variable, "="); ok && key != "" {
			words = append(words, "--env", variable)
		}
	}
	return append(append(words, name, path), args...)
}

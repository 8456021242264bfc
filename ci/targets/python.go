package targets

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
)

// shortVersion is a Python's version as settings and tarball names have it.
var shortVersion = regexp.MustCompile(`^3\.\d{1,3}t?$`)

// interpreter finds the Python that the setting asks for.
func (s *session) interpreter(ctx context.Context) (python.Interpreter, error) {
	return python.Find(ctx, python.Search{Want: s.Python, Environ: s.environ, Typed: s.typed(s.target)})
}

// shortPython gives the configured Python's short version; only a path has to
// be run for it.
func (s *session) shortPython(ctx context.Context) (string, error) {
	if shortVersion.MatchString(s.Python) {
		return s.Python, nil
	}
	i, err := s.interpreter(ctx)
	if err != nil {
		return "", err
	}
	return i.Short(), nil
}

// baseName gives the tarball's name without ".tgz" for a short version.
func (s *session) baseName(short string) string {
	return strings.ReplaceAll(s.Name, "{python}", short)
}

// pythonOf reads the short version off a tarball's base name; "" when it does
// not say.
func pythonOf(tarball string) string {
	for _, part := range strings.FieldsFunc(strings.TrimSuffix(tarball, ".tgz"), func(r rune) bool { return r == '-' || r == '_' }) {
		if shortVersion.MatchString(part) {
			return part
		}
	}
	return ""
}

// packages gives the critical packages, parsed.
func (s *session) packages() ([]requirements.Requirement, error) {
	var parsed []requirements.Requirement
	for _, text := range s.Validate.Packages {
		r, err := requirements.ParseRequirement(text)
		if err != nil {
			return nil, fault.New(fault.Usage, "bad-packages", "reading the critical packages: %w", err).
				WithHint(`-packages="numpy Pillow requests[socks]" takes names, extras and versions`)
		}
		parsed = append(parsed, r)
	}
	return parsed, nil
}

// readSmall reads a file that is small by nature, at most 16 MiB of it.
func readSmall(path string) ([]byte, error) {
	const most = 16 << 20
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for ever
		return nil, fmt.Errorf("%s is no plain file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if len(data) > most {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, most)
	}
	return data, nil
}

package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

// noTestsStatus is pytest's exit status when it collected nothing.
const noTestsStatus = 5

// Pytest runs the venv's pytest in dir with args and gives junit's counts,
// with an error as well. It runs as the script pytest does, without dir itself
// on the module path, and writes neither bytecode nor a cache into dir. That
// tests pass takes at least one that passed. Output goes to progress; nil
// means nowhere. Codes: pytest-missing, no-tests, tests-failed, no-isolation.
func Pytest(ctx context.Context, v Venv, dir string, args []string, noNetwork bool, progress io.Writer) (verdict.Tests, error) {
	environ := v.maker.cleanEnviron()
	// Where the caller's temporary files go, they are removed with them.
	private, err := os.MkdirTemp(getenv(environ, "TMPDIR"), "wheelhouse-pytest-")
	if err != nil {
		return verdict.Tests{}, fault.New(fault.Unable, "tests-failed", "making a temporary folder for pytest's report: %w", err)
	}
	defer os.RemoveAll(private)
	report := filepath.Join(private, "junit.xml")
	kept := &tail{}
	err = stream(ctx, v.maker.command(command.Command{
		Path: v.Python,
		Args: append([]string{"-I", "-B", "-m", "pytest", "-o", "cache_dir=" + filepath.Join(private, "cache"),
			"--junitxml=" + report}, args...),
		Dir: dir,
		// For the Pythons that tests start; -B is for this one.
		Env:       setenv(environ, "PYTHONDONTWRITEBYTECODE", "1"),
		NoNetwork: noNetwork,
		Python:    v.Python,
	}), io.MultiWriter(writerOrDiscard(progress), kept))
	if ctx.Err() != nil {
		return verdict.Tests{}, fmt.Errorf("running the tests in %s: %w", dir, ctx.Err())
	}
	status, err := exitStatus(err)
	if err != nil {
		return verdict.Tests{}, err
	}
	lines := kept.lines()
	tests, err := judgeTests(dir, report, status, lines)
	if _, none := os.Lstat(report); err != nil && none != nil {
		if full := diskFull("running the tests in "+dir, strings.Join(lines, "\n")); full != nil {
			return verdict.Tests{}, full
		}
	}
	return tests, err
}

// exitStatus gives the status of a command that ran.
func exitStatus(err error) (int, error) {
	var exit *command.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return exit.Status, nil
	}
	return 0, unable(err)
}

// judgeTests makes the counts, and an error unless a test passed and none
// failed, from pytest's report, its exit status and its last lines.
func judgeTests(dir, report string, status int, lines []string) (verdict.Tests, error) {
	last := "it printed nothing"
	if len(lines) > 0 {
		last = shorten(lines[len(lines)-1], 500)
	}
	j, err := openJUnit(report)
	switch {
	case status != 0 && strings.HasSuffix(last, "No module named pytest"):
		return verdict.Tests{}, fault.New(fault.Refused, "pytest-missing", "the wheelhouse has no pytest to run the tests in %s with", dir).
			WithHint("add pytest to the requirements")
	case errors.Is(err, fs.ErrNotExist) && status == noTestsStatus:
		return verdict.Tests{}, noTests(dir)
	case errors.Is(err, fs.ErrNotExist):
		return verdict.Tests{}, fault.New(fault.Refused, "tests-failed", "the tests in %s: pytest exited %d without a report: %s", dir, status, last)
	case err != nil:
		return verdict.Tests{}, fault.New(fault.Refused, "tests-failed", "reading the report of the tests in %s: %w", dir, err)
	case j.Failed > 0:
		return j.Tests, fault.New(fault.Refused, "tests-failed", "the tests in %s: %d failed, %d passed: %s", dir, j.Failed, j.Passed, failing(j))
	case status != 0 && status != noTestsStatus:
		return j.Tests, fault.New(fault.Refused, "tests-failed", "the tests in %s: pytest exited %d: %s", dir, status, last)
	case j.Passed == 0 && j.Skipped > 0:
		return j.Tests, fault.New(fault.Refused, "no-tests", "the tests in %s prove nothing: all %d were skipped", dir, j.Skipped)
	case j.Passed == 0 || status == noTestsStatus:
		return j.Tests, noTests(dir)
	}
	return j.Tests, nil
}

// noTests says that nothing was collected.
func noTests(dir string) *fault.Error {
	return fault.New(fault.Refused, "no-tests", "no test was run in %s: pytest collected none", dir)
}

// failing names the first tests that failed.
func failing(j junit) string {
	names := strings.Join(j.failing, ", ")
	if more := j.Failed - len(j.failing); more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return names
}

// openJUnit reads a report, which tests could have put anything in the place of.
func openJUnit(path string) (junit, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return junit{}, err
	}
	if !info.Mode().IsRegular() {
		return junit{}, errors.New("not a regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return junit{}, err
	}
	defer file.Close()
	return readJUnit(file)
}

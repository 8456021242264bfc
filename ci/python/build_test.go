package python

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
)

// fakePip is an interpreter whose `-m pip wheel` runs body with the log's path
// as $log and the folder as $dir.
func fakePip(t *testing.T, body string) Interpreter {
	t.Helper()
	path := fake(t, t.TempDir(), "python", `while [ $# -gt 0 ]; do
case $1 in --log) log=$2; shift;; --wheel-dir) dir=$2; shift;; esac
shift
done
`+body)
	return Interpreter{Path: path, Version: "3.11.7"}
}

func TestWheelFailures(t *testing.T) {
	t.Parallel()
	none := "echo 'ERROR: No matching distribution found for x==1' >&2; exit 1"
	fetch := func(reason string) string {
		return "echo '2026-11-22T22:31:43,111 Could not fetch URL https://u:****@example.org/simple/x/?sig=SECRET: " + reason + " - skipping' > $log; " + none
	}
	for name, c := range map[string]struct {
		body, code string
		status     int
		part       string
	}{
		"403":              {fetch("403 Client Error: Forbidden for url: https://example.org/simple/x/"), "index-refused", fault.Unable, "403 Client Error"},
		"401":              {fetch("401 Client Error: Unauthorized for url: https://example.org/simple/x/"), "index-refused", fault.Unable, "401"},
		"a file refused":   {"echo 'ERROR: HTTP error 403 while getting https://example.org/x.whl' >&2; exit 1", "index-refused", fault.Unable, "403"},
		"connection, old":  {fetch("connection error: HTTPSConnectionPool: Max retries exceeded with url: /simple/x/ (Caused by NewConnectionError())"), "index-unreachable", fault.Unable, ""},
		"connection, new":  {fetch("connection error: [Errno 111] Connection refused"), "index-unreachable", fault.Unable, "refused"},
		"time-out":         {fetch("example.org did not answer; Read timed out. (read timeout=15)"), "index-unreachable", fault.Unable, "timed out"},
		"time-out, new":    {fetch("example.org didn'\"'\"'t respond within 15 seconds"), "index-unreachable", fault.Unable, "respond"},
		"overloaded":       {fetch("503 Server Error: Service Unavailable"), "index-unreachable", fault.Unable, "503"},
		"TLS":              {fetch("There was a problem confirming the ssl certificate: certificate verify failed"), "index-tls", fault.Unable, "certificate"},
		"not HTTPS":        {"echo 'WARNING: The repository located at example.org is not a trusted or secure host and is being ignored.' >&2; " + none, "index-tls", fault.Unable, "trusted"},
		"not there":        {fetch("404 Client Error: Not Found for url: https://example.org/simple/x/"), "pip-failed", fault.Refused, "No matching distribution"},
		"a hash mismatch":  {"echo 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.' >&2; echo '    x==1:' >&2; echo '        Got abc' >&2; exit 1", "pip-failed", fault.Refused, "Got abc"},
		"a build fails":    {"echo 'WARNING: Retrying after connection broken by x' >&2; echo 'ERROR: Failed to build x' >&2; exit 1", "pip-failed", fault.Refused, "Failed to build x"},
		"no pip":           {"echo '/usr/bin/python3: No module named pip' >&2; exit 1", "no-pip", fault.Unable, "has no pip"},
		"nothing is said":  {"exit 1", "pip-failed", fault.Refused, "printed nothing"},
		"secrets are gone": {"echo 'ERROR: cannot use https://u:SECRET@example.org, SECRET' >&2; exit 1", "pip-failed", fault.Refused, "https://example.org, ****"},
	} {
		i := fakePip(t, c.body)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var progress bytes.Buffer
			_, err := Wheel(context.Background(), i, "r.txt", t.TempDir(), []string{"PIP_INDEX_URL=https://u:SECRET@example.org"}, &progress)
			e := wantCode(t, err, c.code, c.status)
			if !strings.Contains(e.Message, c.part) {
				t.Errorf("%q is not in: %s", c.part, e.Message)
			}
			if strings.HasPrefix(c.code, "index-") && !(strings.Contains(e.Hint, "PIP_") && strings.Contains(e.Hint, "-wheels=DIR")) {
				t.Errorf("the hint: %s", e.Hint)
			}
			if strings.Contains(fmt.Sprint(e, e.Hint, e.Err, progress.String()), "SECRET") {
				t.Errorf("a secret is in: %v, %s", e, progress.String())
			}
		})
	}
}

func TestWheelReadsFolderAndLog(t *testing.T) {
	t.Parallel()
	i := fakePip(t, `echo "$PIP_REQUIRE_VIRTUALENV $SOURCE_DATE_EPOCH $PIP_INDEX_URL"
: > "$dir/idna-3.7-py3-none-any.whl"; : > "$dir/docopt-0.6.2-py2.py3-none-any.whl"; : > "$dir/left-1.0.tar.gz"
cat > "$log" <<'END'
`+log220+`END
ls -ld "$(dirname "$log")"`)
	var progress bytes.Buffer
	dir := filepath.Join(t.TempDir(), "wheels")
	b, err := Wheel(context.Background(), i, "r.txt", dir, []string{"PATH=" + os.Getenv("PATH"), "PIP_REQUIRE_VIRTUALENV=1", "PIP_INDEX_URL=https://example.org/simple"}, &progress)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Wheels) != 2 || len(b.Others) != 1 || filepath.Base(b.Others[0]) != "left-1.0.tar.gz" {
		t.Errorf("got %q and %q", b.Wheels, b.Others)
	}
	if len(b.Links) != 1 || len(b.Sdists) != 1 || b.Sdists["docopt-0.6.2-py2.py3-none-any.whl"].SHA256 != sumA {
		t.Errorf("got %+v and %+v", b.Links, b.Sdists)
	}
	if want := "0 315532800 https://example.org/simple\n"; !strings.HasPrefix(progress.String(), want) {
		t.Errorf("the environment of pip: got %q, want %q", progress.String(), want)
	}
	if !strings.Contains(progress.String(), "drwx------") {
		t.Errorf("others may read the log's folder: %q", progress.String())
	}
	_, err = Wheel(context.Background(), i, "r.txt", dir, nil, nil)
	wantCode(t, err, "folder-not-empty", fault.Refused)
}

func TestErrorLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, lines, want string }{
		{"nothing", "", "it printed nothing"},
		{"no error named", "one\ntwo", "two"},
		{"errors", "ERROR: one\nother\nERROR: two", "one; two"},
		{"pip's own stack", "ERROR: Exception:\nTraceback (most recent call last):\n  File x\nAssertionError: internal", "it broke: AssertionError: internal"},
	} {
		if got := errorLines((&tail{data: []byte(c.lines)}).lines()); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// pytest's report lies with the caller's temporary files.
func TestPytestsTemporaryFolder(t *testing.T) {
	t.Parallel()
	v := Venv{maker: Interpreter{environ: []string{"TMPDIR=" + filepath.Join(t.TempDir(), "absent")}}}
	_, err := Pytest(context.Background(), v, t.TempDir(), nil, false, nil)
	wantCode(t, err, "tests-failed", fault.Unable)
}

func TestWheelKeepsTheUsersEpoch(t *testing.T) {
	t.Parallel()
	if got := getenv(wheelEnviron([]string{"SOURCE_DATE_EPOCH=7"}), "SOURCE_DATE_EPOCH"); got != "7" {
		t.Errorf("got %q", got)
	}
}

func TestWheelInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Wheel(ctx, fakePip(t, "sleep 600"), "r.txt", t.TempDir(), nil, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestWheelReal lets the real pip take a wheel from a folder.
func TestWheelReal(t *testing.T) {
	t.Parallel()
	i := realPython(t)
	wheels := t.TempDir()
	wheeltest.Wheel{Project: "app"}.Write(wheels)
	requirements := write(t, t.TempDir(), "r.txt", "--no-index\n--find-links "+filepath.ToSlash(wheels)+"\napp==1.0\n")
	dir := filepath.Join(t.TempDir(), "out")
	environ := append(CleanEnviron(os.Environ()), "PIP_REQUIRE_VIRTUALENV=1")
	b, err := Wheel(context.Background(), i, requirements, dir, environ, nil)
	if fault.Code(err) == "no-pip" {
		lacking(t, "this Python has no pip")
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Wheels) != 1 || len(b.Others) != 0 || len(b.Links) != 0 || len(b.Sdists) != 0 {
		t.Errorf("got %+v", b)
	}
	bad := write(t, t.TempDir(), "r.txt", "--no-index\n--find-links "+filepath.ToSlash(wheels)+"\nother==1.0\n")
	_, err = Wheel(context.Background(), i, bad, filepath.Join(t.TempDir(), "out"), environ, nil)
	if e := wantCode(t, err, "pip-failed", fault.Refused); !strings.Contains(e.Message, "other==1.0") || e.Hint == "" {
		t.Errorf("got %v, hint %q", e, e.Hint)
	}
}

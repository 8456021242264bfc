package python

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// inIndex writes wheels of those tags into a folder that serves as an index,
// and gives them as a lock has them.
func inIndex(t *testing.T, dir string, wheels ...wheeltest.Wheel) []wheelhouse.File {
	t.Helper()
	var files []wheelhouse.File
	for _, w := range wheels {
		data := w.Bytes()
		w.Write(dir)
		sum := sha256.Sum256(data)
		files = append(files, wheelhouse.File{Name: w.FileName(), Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])})
	}
	return files
}

// A real pip brings wheels of other systems than its own, by the user's own
// settings, which name the index here.
func TestFetchWheels(t *testing.T) {
	t.Parallel()
	i := realPython(t)
	index, temp := t.TempDir(), t.TempDir()
	files := inIndex(t, index,
		wheeltest.Wheel{Project: "pure", RequiresDist: []string{"absent>=1"}},
		wheeltest.Wheel{Project: "native", Tag: "cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64"},
		wheeltest.Wheel{Project: "stable", Tag: "cp38-abi3-win_amd64"},
		wheeltest.Wheel{Project: "tool", Tag: "py3-none-macosx_11_0_arm64"},
	)
	f := Fetch{Wheels: files, Python: "3.10", Temp: temp, Environ: append(os.Environ(), "PIP_NO_INDEX=1", "PIP_FIND_LINKS="+index, "PIP_CONFIG_FILE="+os.DevNull)}
	x, err := FetchWheels(t.Context(), i, f)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range files {
		r, err := x.OpenWheel(t.Context(), wheelhouse.File{SHA256: w.SHA256})
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		r.Close()
		if sum := sha256.Sum256(data); err != nil || hex.EncodeToString(sum[:]) != w.SHA256 {
			t.Errorf("%s: other bytes, %v", w.Name, err)
		}
	}
	if _, err := x.OpenWheel(t.Context(), wheelhouse.File{Name: files[0].Name, SHA256: strings.Repeat("0", 64)}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another sha256: %v", err)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}

	// Of another sha256 there is none.
	f.Wheels[0].SHA256 = strings.Repeat("0", 64)
	_, err = FetchWheels(t.Context(), i, f)
	wantCode(t, err, "pip-failed", fault.Refused)
	f.Wheels = []wheelhouse.File{{Name: "gone-1.0-py3-none-any.whl", SHA256: f.Wheels[1].SHA256, Size: 1}}
	_, err = FetchWheels(t.Context(), i, f)
	if e := wantCode(t, err, "pip-failed", fault.Refused); !strings.Contains(e.Message, "gone") {
		t.Errorf("%v does not name the wheel", e)
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// fakeDownload is an interpreter whose `-m pip download` runs body with the
// folder as $dir, the list as $list and the log as $log.
func fakeDownload(t *testing.T, body string) Interpreter {
	t.Helper()
	path := fake(t, t.TempDir(), "python", `args="$*"
while [ $# -gt 0 ]; do
case $1 in --log) log=$2; shift;; --dest) dir=$2; mkdir -p "$dir"; shift;; -r) list=$2; shift;; esac
shift
done
`+body)
	return Interpreter{Path: path, Version: "3.11.7"}
}

func TestFetchWheelsFailures(t *testing.T) {
	t.Parallel()
	const name = "a-1.0-py3-none-any.whl"
	good := wheelhouse.File{Name: name, Size: 3, SHA256: strings.Repeat("ab", 32)}
	for what, c := range map[string]struct {
		body, code string
		status     int
		wheels     []wheelhouse.File
	}{
		"nothing":            {"true", "pip-failed", fault.Refused, nil},
		"a bad name":         {"true", "bad-file-name", fault.Refused, []wheelhouse.File{{Name: "a b", SHA256: good.SHA256}}},
		"no sha256":          {"true", "index-differs", fault.Refused, []wheelhouse.File{{Name: name}}},
		"an option for pip":  {"true", "index-differs", fault.Refused, []wheelhouse.File{{Name: name, SHA256: strings.Repeat("a", 62) + "\n-"}}},
		"it brings nothing":  {"true", "index-differs", fault.Refused, []wheelhouse.File{good}},
		"another name":       {`printf abc > "$dir/a-1.0-py2.py3-none-any.whl"`, "index-differs", fault.Refused, []wheelhouse.File{good}},
		"another size":       {`printf abcd > "$dir/` + name + `"`, "index-differs", fault.Refused, []wheelhouse.File{good}},
		"a link":             {`printf abc > "$dir/x"; ln -s x "$dir/` + name + `"`, "index-differs", fault.Refused, []wheelhouse.File{good}},
		"no pip":             {"echo 'python: No module named pip' >&2; exit 1", "no-pip", fault.Unable, []wheelhouse.File{good}},
		"the index refuses":  {"echo 'ERROR: HTTP error 403 while getting https://example.org/x.whl' >&2; exit 1", "index-refused", fault.Unable, []wheelhouse.File{good}},
		"a secret in an URL": {"echo 'ERROR: cannot use https://u:SECRET@example.org, SECRET' >&2; exit 1", "pip-failed", fault.Refused, []wheelhouse.File{good}},
	} {
		temp := t.TempDir()
		var progress bytes.Buffer
		i := fakeDownload(t, c.body)
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			_, err := FetchWheels(context.Background(), i, Fetch{Wheels: c.wheels, Temp: temp, Progress: &progress, Environ: []string{"PATH=" + os.Getenv("PATH"), "PIP_INDEX_URL=https://u:SECRET@example.org"}})
			e := wantCode(t, err, c.code, c.status)
			if strings.Contains(e.Error()+e.Hint+progress.String(), "SECRET") {
				t.Errorf("a secret is in: %v, %s", e, progress.String())
			}
			if strings.Contains(e.Hint, "-wheels") {
				t.Errorf("the hint is of build: %s", e.Hint)
			}
			if left, _ := os.ReadDir(temp); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// Pip is told of each file and its hash, and of every tag in the names; the
// user's settings reach it.
func TestFetchWheelsAsksPip(t *testing.T) {
	t.Parallel()
	i := fakeDownload(t, `echo "$args"; cat "$list"; echo "$PIP_INDEX_URL"; printf abc > "$dir/b_c-1.0+x.1-1-cp311-abi3-linux_x86_64.whl"; printf d > "$dir/d-2-py3-none-any.whl"`)
	var said bytes.Buffer
	x, err := FetchWheels(t.Context(), i, Fetch{
		Wheels: []wheelhouse.File{
			{Name: "b_c-1.0+x.1-1-cp311-abi3-linux_x86_64.whl", Size: 3, SHA256: strings.Repeat("a", 64)},
			{Name: "d-2-py3-none-any.whl", Size: 1, SHA256: strings.Repeat("b", 64)},
		},
		Python: "3.13t", Temp: t.TempDir(), Progress: &said, Environ: []string{"PATH=" + os.Getenv("PATH"), "PIP_INDEX_URL=https://example.org/own"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	lines := strings.Split(said.String(), "\n")
	for _, want := range []string{"b-c==1.0+x.1 --hash=sha256:" + strings.Repeat("a", 64), "d==2 --hash=sha256:" + strings.Repeat("b", 64), "https://example.org/own"} {
		if !slices.Contains(lines, want) {
			t.Errorf("%q is not in %q", want, lines)
		}
	}
	for _, want := range []string{"--no-deps --only-binary=:all: --require-hashes", "--python-version 3.13 --implementation cp --abi abi3 --platform linux_x86_64"} {
		if !strings.Contains(lines[0], want) {
			t.Errorf("%q is not in %q", want, lines[0])
		}
	}
	if _, err := os.Stat(filepath.Join(x.wheels(), "d-2-py3-none-any.whl")); err != nil {
		t.Error(err)
	}
}

func TestFetchWheelsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	temp := t.TempDir()
	_, err := FetchWheels(ctx, fakeDownload(t, "true"), Fetch{Temp: temp, Wheels: []wheelhouse.File{{Name: "d-2-py3-none-any.whl", SHA256: strings.Repeat("b", 64)}}})
	if !fault.Interrupted(err) {
		t.Error(err)
	}
	if left, _ := os.ReadDir(temp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

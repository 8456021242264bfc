package install

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	wheels := []Wheel{{"demo", "1.0"}, {"new", "2"}, {"other", "3.0"}, {"same", "1.0"}}
	got := planOf(wheels, map[string]string{"demo": "0.5", "other": "4", "same": "1.0.0", "mine": "7"})
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"added":[{"project":"new","version":"2"}],` +
		`"changed":[{"project":"demo","before":"0.5","after":"1.0"},{"project":"other","before":"4","after":"3.0"}],"same":1}`
	if string(text) != want || got.Nothing() {
		t.Errorf("got %s, want %s", text, want)
	}
	if p := planOf(wheels[3:], map[string]string{"same": "1.0"}); !p.Nothing() || p.Same != 1 {
		t.Errorf("of what is there: %+v", p)
	}
}

// write makes files of texts, and links of texts that begin with "->".
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if link, ok := strings.CutPrefix(text, "->"); ok {
			err = os.Symlink(link, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// contents gives what write takes.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		if d.Type() == fs.ModeSymlink {
			link, err := os.Readlink(path)
			all[filepath.ToSlash(rel)] = "->" + link
			return err
		}
		data, err := os.ReadFile(path)
		all[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func equal(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	a, _ := json.MarshalIndent(got, "", " ")
	b, _ := json.MarshalIndent(want, "", " ")
	if string(a) != string(b) {
		t.Errorf("%s: got %s, want %s", what, a, b)
	}
}

var someVenv = map[string]string{
	"pyvenv.cfg": "home = /usr/bin\n", "bin/tool": "#!x\n", "lib/demo/__init__.py": "ANSWER = 5\n",
	"lib/easy-install.pth": "./demo\n", "bin/python": "->/usr/bin/python3",
}

// TestPutBack changes a venv in each way that installers do: what is put back
// is what was there, to the byte and with its modes.
func TestPutBack(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there") // the copy itself is tried by the whole install
	}
	dir := filepath.Join(t.TempDir(), "venv")
	write(t, dir, someVenv)
	if err := os.Chmod(filepath.Join(dir, "bin", "tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	k, err := keep(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	// Removed, replaced, added, and written into in place.
	for _, path := range []string{"bin/tool", "lib/demo/__init__.py"} {
		if err := os.Remove(filepath.Join(dir, path)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, map[string]string{"lib/demo/__init__.py": "ANSWER = 42\n", "lib/new.py": "", "lib/easy-install.pth": "./other\n", "pyvenv.cfg": ""})
	because := errors.New("because")
	if err := k.putBack(because); !errors.Is(err, because) || fault.Code(err) != "" {
		t.Fatalf("got %v", err)
	}
	equal(t, "put back", contents(t, dir), someVenv)
	if info, err := os.Stat(filepath.Join(dir, "bin", "tool")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("a mode is %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(dir)); len(left) != 1 {
		t.Errorf("left are %v", left)
	}

	// Through a link to the venv, and with nothing to put back.
	link := filepath.Join(filepath.Dir(dir), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if k, err = keep(t.Context(), link); err != nil {
		t.Fatal(err)
	}
	k.drop()
	equal(t, "kept and dropped", contents(t, dir), someVenv)
	if left, _ := os.ReadDir(filepath.Dir(dir)); len(left) != 2 {
		t.Errorf("left are %v", left)
	}
}

// TestPutBackFails: where the copy is gone, the venv stays as it is, and the
// error says so and why it was to be put back.
func TestPutBackFails(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "venv")
	write(t, dir, map[string]string{"pyvenv.cfg": "x"})
	k, err := keep(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(k.copy()); err != nil {
		t.Fatal(err)
	}
	because := errors.New("no room")
	err = k.putBack(because)
	e, ok := fault.As(err)
	if !ok || e.Code != "venv-changed" || !errors.Is(err, because) || !strings.Contains(e.Hint, k.copy()) {
		t.Errorf("got %v", err)
	}
	equal(t, "the venv", contents(t, dir), map[string]string{"pyvenv.cfg": "x"})
}

// TestKeepFails leaves nothing beside the venv.
func TestKeepFails(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "venv")
	write(t, dir, map[string]string{"pyvenv.cfg": "x"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := keep(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := keep(t.Context(), dir+"x"); fault.Code(err) != "venv-not-kept" {
		t.Errorf("of none: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(dir)); len(left) != 1 {
		t.Errorf("left are %v", left)
	}
}

func TestBuildRequires(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  string
		code  string
	}{
		"as it says":            {map[string]string{"pyproject.toml": "[build-system]\nrequires = [\"Hatch_ling >=1\", \"x; os_name == 'nt'\"]\nbuild-backend = \"x\"\n"}, "hatch-ling>=1 x", ""},
		"nothing":               {map[string]string{"pyproject.toml": "[build-system]\nrequires = []\n"}, "", ""},
		"no build system":       {map[string]string{"pyproject.toml": "[project]\nname = \"x\"\n"}, "setuptools>=40.8.0", ""},
		"a setup.py alone":      {map[string]string{"setup.py": ""}, "setuptools>=40.8.0", ""},
		"no project":            {map[string]string{"x": ""}, "", "not-a-project"},
		"does not parse":        {map[string]string{"pyproject.toml": "[["}, "", "bad-pyproject"},
		"of another type":       {map[string]string{"pyproject.toml": "[build-system]\nrequires = 1\n"}, "", "bad-pyproject"},
		"a bad requirement":     {map[string]string{"pyproject.toml": "[build-system]\nrequires = [\"%%%\"]\n"}, "", "bad-pyproject"},
		"too large":             {map[string]string{"pyproject.toml": strings.Repeat("#", 2<<20)}, "", "not-a-project"},
		"a folder of that name": {map[string]string{"pyproject.toml/x": ""}, "", "not-a-project"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, c.files)
			all, err := BuildRequires(dir)
			if fault.Code(err) != c.code {
				t.Fatalf("got %v, want %q", err, c.code)
			}
			var texts []string
			for _, r := range all {
				texts = append(texts, r.Project+r.Specifier)
			}
			if got := strings.Join(texts, " "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

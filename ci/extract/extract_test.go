package extract

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// house packs two wheels and gives options to lay them out in an absent folder.
func house(t *testing.T) Options {
	t.Helper()
	from, to := t.TempDir(), t.TempDir()
	o := Options{Tarball: filepath.Join(to, "wheelhouse-3.11.tgz"), To: filepath.Join(to, "out", "house"), Critical: []string{"demo"}}
	var err error
	o.Inventory, err = wheelhouse.Pack(t.Context(), o.Tarball, []string{
		wheeltest.Wheel{Project: "demo"}.Write(from), wheeltest.Wheel{Project: "other"}.Write(from),
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// files gives every file below a folder, sorted; folders are left out.
func files(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			all = append(all, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

const whole = "demo-1.0-py3-none-any.whl list/critical_wheels.txt list/tar_contents.txt list/whl_files.txt other-1.0-py3-none-any.whl pylock.wheelhouse-311.toml"

func TestFolder(t *testing.T) {
	t.Parallel()
	o := house(t)
	made, err := Folder(t.Context(), o)
	if err != nil || made.Unchanged || made.Path != o.To || made.LockFile != "pylock.wheelhouse-311.toml" {
		t.Fatalf("got %+v, %v", made, err)
	}
	if got := files(t, o.To); got != whole {
		t.Errorf("it holds %s", got)
	}
	if got := files(t, filepath.Dir(o.To)); strings.Contains(got, "extracting") {
		t.Errorf("beside it lies %s", got)
	}
	text, err := os.ReadFile(filepath.Join(o.To, made.LockFile))
	if err != nil {
		t.Fatal(err)
	}
	l, err := lock.Parse(text, "lock")
	if err != nil || l.SHA256 != o.Inventory.SHA256 || len(l.Wheels) != 2 || l.Wheels[0].SHA256 != o.Inventory.Wheels[0].SHA256 {
		t.Errorf("the lock is %+v, %v", l, err)
	}
	if critical, err := os.ReadFile(filepath.Join(o.To, "list", "critical_wheels.txt")); err != nil || string(critical) != "demo-1.0-py3-none-any.whl\n" {
		t.Errorf("critical are %q, %v", critical, err)
	}
	if again, err := Folder(t.Context(), o); err != nil || !again.Unchanged {
		t.Errorf("again: %+v, %v", again, err)
	}
	o.Lock = &lock.Lock{Tarball: o.Inventory.Name, SHA256: o.Inventory.SHA256, Size: o.Inventory.Size, Python: "3.11", Wheels: l.Wheels}
	o.To = filepath.Join(t.TempDir(), "empty")
	if err := os.Mkdir(o.To, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Folder(t.Context(), o); err != nil || files(t, o.To) != whole {
		t.Errorf("into an empty folder: %v, %s", err, files(t, o.To))
	}
	if text, err := os.ReadFile(filepath.Join(o.To, made.LockFile)); err != nil || !strings.Contains(string(text), `requires-python = "==3.11.*"`) {
		t.Errorf("the lock that came with it is %s, %v", text, err)
	}
}

// TestFolderIsNotWrittenInto changes one thing in a folder that was made here,
// or puts something else in its place: each is refused and left as it is.
func TestFolderIsNotWrittenInto(t *testing.T) {
	t.Parallel()
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for name, change := range map[string]func(dir string){
		"another file":  func(dir string) { must(os.WriteFile(filepath.Join(dir, "notes"), nil, 0o644)) },
		"in the lists":  func(dir string) { must(os.WriteFile(filepath.Join(dir, "list", "notes"), nil, 0o644)) },
		"a folder":      func(dir string) { must(os.Mkdir(filepath.Join(dir, "notes"), 0o755)) },
		"a byte":        func(dir string) { damage(t, filepath.Join(dir, "demo-1.0-py3-none-any.whl")) },
		"a list's byte": func(dir string) { damage(t, filepath.Join(dir, "list", "whl_files.txt")) },
		"one less":      func(dir string) { must(os.Remove(filepath.Join(dir, "pylock.wheelhouse-311.toml"))) },
		"a link": func(dir string) {
			file := filepath.Join(dir, "other-1.0-py3-none-any.whl")
			must(os.Rename(file, dir+".whl"))
			must(os.Symlink(dir+".whl", file))
		},
		"a file instead": func(dir string) { must(os.RemoveAll(dir)); must(os.WriteFile(dir, nil, 0o644)) },
		"a link instead": func(dir string) { must(os.Rename(dir, dir+"2")); must(os.Symlink(dir+"2", dir)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := house(t)
			if _, err := Folder(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			change(o.To)
			before := files(t, filepath.Dir(o.To))
			if _, err := Folder(t.Context(), o); fault.Code(err) != "folder-taken" {
				t.Errorf("got %v", err)
			}
			if after := files(t, filepath.Dir(o.To)); after != before {
				t.Errorf("before %s, after %s", before, after)
			}
		})
	}
}

func damage(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
		return
	}
	data[len(data)-1]++
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Error(err)
	}
}

// TestFolderIsWholeOrAbsent: what goes wrong leaves nothing.
func TestFolderIsWholeOrAbsent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(o *Options)
		code   string
	}{
		"another tarball": {func(o *Options) {
			inv := *o.Inventory
			inv.SHA256 = strings.Repeat("0", 64)
			o.Inventory = &inv
		}, "tar-changed"},
		"a tarball that leaves its folder": {func(o *Options) {
			hostile := wheeltest.Tarball(wheeltest.Member{Name: "demo-1.0-py3-none-any.whl", Data: []byte("x")}, wheeltest.Member{Name: "../escaped.whl", Data: []byte("x")})
			if err := os.WriteFile(o.Tarball, hostile, 0o644); err != nil {
				t.Error(err)
			}
		}, "unsafe-member"},
		"no tarball": {func(o *Options) { o.Tarball += "x" }, "tar-missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := house(t)
			c.change(&o)
			if _, err := Folder(t.Context(), o); fault.Code(err) != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
			if left := files(t, filepath.Dir(o.To)); left != "" {
				t.Errorf("it left %s", left)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		o := house(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Folder(ctx, o); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if left := files(t, filepath.Dir(o.To)); left != "" {
			t.Errorf("it left %s", left)
		}
	})
}

// TestSweep removes what a killed process left, and nothing that only has the
// name of it.
func TestSweep(t *testing.T) {
	t.Parallel()
	o := house(t)
	parent := filepath.Dir(o.To)
	for _, file := range []string{".house.extracting-123/held", ".house.extracting-123/content/x.whl", ".house.extracting-mine/held", ".other.extracting-1/held", ".house.extracting-9/mine"} {
		path := filepath.Join(parent, filepath.FromSlash(file))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Folder(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got, want := files(t, parent), ".house.extracting-9/mine .house.extracting-mine/held .other.extracting-1/held house/"; !strings.HasPrefix(got, want) {
		t.Errorf("left are %s", got)
	}
}

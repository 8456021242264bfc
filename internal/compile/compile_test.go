package compile

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestEnviron(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, in, want string }{
		{"bare", "", "GOFLAGS=-trimpath -buildvcs=false"},
		{"the caller's flags stay", "GOFLAGS=-mod=vendor", "GOFLAGS=-mod=vendor -trimpath -buildvcs=false"},
	} {
		got := environ([]string{"HOME=/h", "GOOS=plan9", "GOARCH=mips", "MAGEFILE_VERBOSE=1", test.in, "CGO_ENABLED=1"})
		for _, gone := range []string{"GOOS=plan9", "GOARCH=mips", "MAGEFILE_VERBOSE=1"} {
			if slices.Contains(got, gone) {
				t.Errorf("%s: %s is passed on", test.name, gone)
			}
		}
		for _, there := range []string{"HOME=/h", test.want} {
			if !slices.Contains(got, there) {
				t.Errorf("%s: no %s in %q", test.name, there, got)
			}
		}
		// Of two values the later holds.
		if got[len(got)-2] != "CGO_ENABLED=0" {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}

func TestVersionWithoutGit(t *testing.T) {
	t.Parallel()
	if got := version(t.Context(), t.TempDir()); got != "unknown" {
		t.Errorf("got %q", got)
	}
}

func TestCopySources(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	if err := copySources(from, to); err == nil {
		t.Error("no magefiles, and no error")
	}
	for _, name := range []string{"magefile.go", "dev_test.go", "mage_output_file.go", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := copySources(from, to); err != nil {
		t.Fatal(err)
	}
	got, err := filepath.Glob(filepath.Join(to, "*"))
	if err != nil || !slices.Equal(got, []string{filepath.Join(to, "magefile.go")}) {
		t.Errorf("copied %v, %v", got, err)
	}
}

func TestInterruptedBuildLeavesNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "magefiles"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "magefiles", "magefile.go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := filepath.Join(root, "bin", "wheelhouse")
	if _, err := Binary(ctx, root, out, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, pattern := range []string{privatePattern, "bin/*"} {
		if left, err := filepath.Glob(filepath.Join(root, pattern)); err != nil || len(left) != 0 {
			t.Errorf("left %v, %v", left, err)
		}
	}
}

package rebuild

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
)

// byTarfile packs the folder in its second argument into the tarball in its
// first, at the level in its third.
const byTarfile = `
import sys, tarfile
with tarfile.open(sys.argv[1], "w:gz", compresslevel=int(sys.argv[3])) as t:
    t.add(sys.argv[2], arcname=".wheelhouse")
`

// tool gives where a program is. Where it is not the test ends: as a failure
// under CI=true, unless the program is optional, since what it makes is in
// testdata. Other systems have other programs of these names.
func tool(t *testing.T, name string, optional bool) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case runtime.GOOS != "linux":
		t.Skipf("%s may be another one here", name)
	case err == nil:
	case os.Getenv("CI") == "true" && !optional:
		t.Fatalf("%s is not installed", name)
	default:
		t.Skipf("%s is not installed", name)
	}
	return path
}

// What the programs on this machine make of the same wheels comes back.
func TestToolsTarballs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wheels := filepath.Join(dir, ".wheelhouse")
	if err := os.Mkdir(wheels, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range sample() {
		if err := os.WriteFile(filepath.Join(wheels, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	type maker struct {
		name, program string
		args          []string // the tarball's path comes in for "T"
		optional      bool
	}
	makers := []maker{
		{"tar -czf", "tar", []string{"-czf", "T", "-C", dir, ".wheelhouse"}, false},
		{"bsdtar -czf", "bsdtar", []string{"-czf", "T", "-C", dir, ".wheelhouse"}, true},
		{"busybox tar -czf", "busybox", []string{"tar", "-czf", "T", "-C", dir, ".wheelhouse"}, true},
	}
	for level := 1; level <= 9; level++ {
		n := strconv.Itoa(level)
		makers = append(makers, maker{"gzip FILE, level " + n, "sh", []string{"-c", `tar -cf "$1.tar" -C "$2" .wheelhouse && gzip -` + n + ` "$1.tar" && mv "$1.tar.gz" "$1"`, "sh", "T", dir}, false})
		if level%4 == 1 { // 1, 5 and 9: Python starts slowly
			makers = append(makers, maker{"tarfile, level " + n, "python3", []string{"-c", byTarfile, "T", wheels, n}, false})
		}
	}
	for _, m := range makers {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			program := tool(t, m.program, m.optional)
			path := filepath.Join(t.TempDir(), "wheelhouse-3.11.tgz")
			args := append([]string{}, m.args...)
			for i := range args {
				if args[i] == "T" {
					args[i] = path
				}
			}
			if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			r := rehearse(t, path)
			if r.Recipe().Encoder == Whole {
				t.Fatal("not recognised")
			}
			comesBack(t, path, r)
		})
	}
}

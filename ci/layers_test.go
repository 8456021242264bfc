// Package ci_test holds the house's layers: imports go downward only.
package ci_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/wheelhouse-ci/wheelhouse/"

// floors are the layers, the lowest first. A package imports lower floors;
// its own only where stairs says so.
var floors = [][]string{
	{"ci/command", "ci/fault"},
	{"ci/wheel", "ci/finding", "ci/deflate", "ci/release"},
	{"ci/lock", "ci/meta", "ci/verdict", "ci/requirements", "ci/config", "ci/wheelhouse", "ci/python", "ci/container", "ci/entry", "ci/rebuild"},
	{
		"ci/validate", "ci/archive", "ci/report", "ci/actions", "ci/retain", "ci/store", "ci/provenance", "ci/extract", "ci/install", "ci/publish",
		"ci/store/filestore", "ci/store/s3store", "ci/store/ocistore", "ci/store/releasestore", "ci/store/rclonestore", "ci/store/storetest",
	},
	{"ci/targets"},
	{"internal/compile", "internal/bench"},
	{"internal/compile/run", "internal/dev"},
	{"magefiles"},
	{"e2e", "scripts", "ci"},
}

// stairs are the imports within a floor.
var stairs = map[string][]string{
	"ci/lock":    {"ci/wheelhouse"},
	"ci/meta":    {"ci/wheelhouse"},
	"ci/python":  {"ci/verdict", "ci/wheelhouse"},
	"ci/verdict": {},
	"ci/entry":   {"ci/meta", "ci/verdict"},
	"ci/rebuild": {"ci/entry", "ci/lock", "ci/wheelhouse"},
	"ci/wheel":   {"ci/finding"},

	"ci/store/filestore":    {"ci/store"},
	"ci/store/s3store":      {"ci/store"},
	"ci/store/ocistore":     {"ci/store"},
	"ci/store/releasestore": {"ci/store"},
	"ci/store/rclonestore":  {"ci/store"},
	"ci/store/storetest":    {"ci/store"},
}

// standard are the packages that import the standard library alone, so that
// they are compiled fast and drag nothing along.
var standard = []string{"ci/internal/", "ci/fault", "ci/finding", "internal/compile", "internal/hubtest"}

// keepers are who may import a dependency: what it does goes through them.
var keepers = map[string][]string{
	"github.com/magefile/mage":                  {"ci/targets", "magefiles"},
	"github.com/bitfield/script":                {"ci/command", "ci/python"},
	"github.com/ProtonMail/go-crypto":           {"ci/provenance", "internal/bench"}, // bench makes a key to sign with
	"github.com/otiai10/copy":                   {"ci/archive"},
	"github.com/google/go-github":               {"ci/actions"},
	"github.com/cli/go-gh":                      {"ci/actions"},
	"github.com/pelletier/go-toml":              {"ci/config", "ci/lock", "ci/install"},
	"github.com/aquasecurity/go-pep440-version": {"ci/wheel"},
	"mvdan.cc/sh":                               {"ci/targets"},
	"github.com/minio/minio-go":                 {"ci/store/s3store"},
	"oras.land/oras-go":                         {"ci/store/ocistore"},
	"github.com/opencontainers":                 {"ci/store/ocistore"},
	"golang.org/x/sys":                          {"ci/"},
	"golang.org/x/term":                         {"ci/report"},
}

// pkg is a package of ours and what it imports, test files left out.
type pkg struct {
	path    string // below the module
	imports []string
}

// broken says which imports break a layer, a line each.
func broken(packages []pkg) []string {
	var all []string
	for _, p := range packages {
		for _, imported := range p.imports {
			if why := refuse(p.path, imported); why != "" {
				all = append(all, fmt.Sprintf("%s imports %s: %s", p.path, imported, why))
			}
		}
	}
	return all
}

// refuse gives why from may not import to, or "".
func refuse(from, to string) string {
	ours, isOurs := strings.CutPrefix(to, module)
	external := !isOurs && strings.Contains(strings.Split(to, "/")[0], ".")
	switch {
	case !isOurs && !external:
		return "" // the standard library
	case slices.ContainsFunc(standard, func(s string) bool { return below(from, s) }) && !below(ours, from) && !below(from, ours):
		return "it may import the standard library alone"
	case external:
		return refuseExternal(from, to)
	case strings.Contains(ours, "/internal/"):
		return "" // go itself keeps these to their folder
	}
	mine, its := floor(from), floor(ours)
	switch {
	case mine < 0 && !strings.Contains(from, "/internal/"):
		return from + " is on no floor: give it one here"
	case its < 0:
		return ours + " is on no floor: give it one here"
	case mine == its && !slices.Contains(stairs[from], ours):
		return "they are on one floor"
	case mine >= 0 && mine < its:
		return "that is upward"
	}
	return ""
}

func refuseExternal(from, to string) string {
	for dependency, allowed := range keepers {
		if !below(to, dependency) {
			continue
		}
		if slices.ContainsFunc(allowed, func(keeper string) bool { return below(from, keeper) }) {
			return ""
		}
		return "only " + strings.Join(allowed, " and ") + " may"
	}
	return "nobody keeps this dependency: name its keeper here"
}

// below tells whether path is prefix or lies under it.
func below(path, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// floor gives a package's floor, that of a package internal to it as well; -1
// when it has none.
func floor(path string) int {
	owner, _, _ := strings.Cut(path, "/internal/")
	return slices.IndexFunc(floors, func(names []string) bool { return slices.Contains(names, owner) })
}

// TestLayers asks go for every package, on each system.
func TestLayers(t *testing.T) {
	t.Parallel()
	for _, system := range []string{"linux", "darwin", "windows"} {
		t.Run(system, func(t *testing.T) {
			t.Parallel()
			packages := list(t, system)
			if len(packages) < 15 {
				t.Fatalf("go list told of %d packages only", len(packages))
			}
			for _, line := range broken(packages) {
				t.Error(line)
			}
		})
	}
}

func list(t *testing.T, system string) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-tags", "mage,e2e",
		"-f", `{{if not .Standard}}{{.ImportPath}} {{join .Imports " "}}{{end}}`, "./...")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []pkg
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if path, ours := strings.CutPrefix(fields[0], module); ours {
			packages = append(packages, pkg{path, fields[1:]})
		}
	}
	return packages
}

// TestBrokenLayers breaks each rule once.
func TestBrokenLayers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to, why string
	}{
		{"ci/validate", module + "ci/archive", "one floor"},
		{"ci/archive", module + "ci/report", "one floor"},
		{"ci/archive", module + "ci/store", "one floor"},
		{"ci/archive", module + "ci/retain", "one floor"},
		{"ci/store", module + "ci/retain", "one floor"},
		{"ci/store", module + "ci/store/filestore", "one floor"},
		{"ci/store/s3store", module + "ci/store", ""},
		{"ci/store/s3store", module + "ci/store/filestore", "one floor"},
		{"ci/rebuild", module + "ci/store", "upward"},
		{"ci/wheelhouse", module + "ci/lock", "one floor"},
		{"ci/lock", module + "ci/wheelhouse", ""},
		{"ci/entry", module + "ci/verdict", ""},
		{"ci/verdict", module + "ci/entry", "one floor"},
		{"ci/wheel", module + "ci/meta", "upward"},
		{"ci/meta", module + "ci/targets", "upward"},
		{"ci/targets", module + "internal/dev", "upward"},
		{"ci/targets", module + "ci/validate", ""},
		{"magefiles", module + "ci/targets", ""},
		{"ci/internal/inflate", module + "ci/targets", "standard library"},
		{"ci/unheard", module + "ci/fault", "no floor"},
		{"ci/targets", module + "ci/unheard", "no floor"},
		{"ci/internal/atomicfile", module + "ci/fault", "standard library"},
		{"ci/internal/atomicfile", "golang.org/x/sys/unix", "standard library"},
		{"ci/internal/atomicfile", "syscall", ""},
		{"ci/fault", module + "ci/command", "standard library"},
		{"internal/compile", "github.com/magefile/mage/mg", "standard library"},
		{"internal/compile/run", module + "internal/compile", ""},
		{"ci/targets", "github.com/magefile/mage/mg", ""},
		{"ci/meta", "github.com/magefile/mage/mg", "only ci/targets and magefiles"},
		{"ci/validate", "github.com/bitfield/script", "only ci/command"},
		{"ci/report", "github.com/otiai10/copy", "only ci/archive"},
		{"ci/targets", "github.com/google/go-github/v60/github", "only ci/actions"},
		{"ci/actions", "github.com/google/go-github/v60/github", ""},
		{"ci/targets", "github.com/cli/go-gh/v2/pkg/auth", "only ci/actions"},
		{"ci/actions", "github.com/cli/go-gh/v2/pkg/auth", ""},
		{"ci/meta", "example.org/new/dependency", "nobody keeps"},
		{"ci/archive", module + "ci/internal/atomicfile", ""},
	} {
		lines := broken([]pkg{{test.from, []string{"fmt", test.to}}})
		switch {
		case test.why == "" && len(lines) > 0:
			t.Error(lines)
		case test.why != "" && (len(lines) != 1 || !strings.Contains(lines[0], test.why)):
			t.Errorf("%s imports %s: said %q, want %q", test.from, test.to, lines, test.why)
		}
	}
}

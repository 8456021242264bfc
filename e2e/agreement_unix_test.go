//go:build e2e && unix

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/validate"
)

// puzzle is one combination on disk: a folder that pip looks in, the tarball of
// the same files, and requirements.
type puzzle struct {
	name, folder, tarball, requirements string
}

// judgement is what ours says of one.
type judgement struct {
	failed bool
	codes  []string // of what fails, or of the error, each once
	text   string
}

// opinion is what one pip and the rules, by that pip's interpreter, say of one.
type opinion struct {
	ours   judgement
	status int    // of pip
	said   string // by pip
}

func (o opinion) takes() bool { return o.status == 0 }

func (o opinion) parted() bool { return o.takes() == o.ours.failed }

// TestAgreement asks pip and the rules the same: would this wheelhouse be
// installed? They may part only where docs/validate.md says so, and must part
// wherever it does. The newest pip judges wheels by the packaging that it
// carries; it is asked about every fourth one, and where the interpreter's own
// parts with us.
func TestAgreement(t *testing.T) {
	houses := append(generated(t), real(t)...)
	if len(houses) < 200 {
		t.Errorf("%d combinations, want at least 200", len(houses))
	}
	page := listed(t, string(read(t, filepath.Join("..", "docs", "validate.md"))))
	own := compare(t, interpreter(t).Path, houses)
	var again []puzzle
	for i, h := range houses {
		if i%4 == 0 || own[h.name].parted() {
			again = append(again, h)
		}
	}
	last := compare(t, newest(t), again)
	for _, h := range again {
		if o := own[h.name]; o.parted() {
			page.hold(t, h, o, !last[h.name].parted())
		}
		if o := last[h.name]; o.parted() {
			page.hold(t, h, o, false)
		}
	}
	page.exhausted(t)
}

// compare asks both about each puzzle.
func compare(t *testing.T, path string, houses []puzzle) map[string]opinion {
	t.Helper()
	begun := time.Now()
	statuses := askPip(t, path, houses)
	took := time.Since(begun)
	mine := askRules(t, path, houses)
	t.Logf("%s: pip took %.1f s, the rules %.1f s", path, took.Seconds(), (time.Since(begun) - took).Seconds())
	opinions, both, parted := map[string]opinion{}, map[bool]int{}, 0
	for _, h := range houses {
		o := opinion{mine[h.name], statuses[h.name], string(read(t, h.folder+".said"))}
		opinions[h.name] = o
		if o.parted() {
			parted++
			t.Logf("%s: pip %d, ours %q", h.name, o.status, o.ours.codes)
		} else {
			both[o.takes()]++
		}
	}
	t.Logf("of %d combinations both take %d, both refuse %d; we part on %d", len(houses), both[true], both[false], parted)
	return opinions
}

// generated writes what package wheeltest makes.
func generated(t *testing.T) []puzzle {
	t.Helper()
	minor := 0
	if _, err := fmt.Sscanf(interpreter(t).Version, "3.%d.", &minor); err != nil {
		t.Fatal(err)
	}
	machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	dir := t.TempDir()
	run(t, "..", nil, "go", "run", "./ci/internal/wheeltest/combine", dir, strconv.Itoa(minor), machine).want(t, 0)
	all, err := filepath.Glob(filepath.Join(dir, "*", "name"))
	if err != nil {
		t.Fatal(err)
	}
	var houses []puzzle
	for _, file := range all {
		houses = append(houses, houseIn(filepath.Dir(file), string(read(t, file))).packed(t))
	}
	return houses
}

// real gives the sample's wheels, and without each of them.
func real(t *testing.T) []puzzle {
	t.Helper()
	wheels, err := filepath.Glob(filepath.Join(sample(t).extracted(t), "*.whl"))
	if err != nil || len(wheels) == 0 {
		t.Fatal(wheels, err)
	}
	wanted := string(read(t, filepath.Join(sample(t).clone, "doc_processor", "requirements-heavy.in")))
	var houses []puzzle
	for _, without := range append(wheels, "nothing") {
		h := houseIn(t.TempDir(), "real/without "+filepath.Base(without))
		if err := os.Mkdir(h.folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, wheel := range wheels {
			if wheel == without {
				continue
			}
			if err := os.Link(wheel, filepath.Join(h.folder, filepath.Base(wheel))); err != nil {
				t.Fatal(err)
			}
		}
		write(t, h.requirements, wanted)
		houses = append(houses, h.packed(t))
	}
	return houses
}

// houseIn is a puzzle whose files lie in dir.
func houseIn(dir, name string) puzzle {
	return puzzle{name, filepath.Join(dir, "wheels"), filepath.Join(dir, "wheelhouse.tgz"), filepath.Join(dir, "requirements.txt")}
}

// packed makes the tarball of what lies in the folder, as others make it.
func (h puzzle) packed(t *testing.T) puzzle {
	t.Helper()
	quietly(t, filepath.Dir(h.folder), nil, "tar", "--create", "--use-compress-program=gzip -1", "--file="+h.tarball, "wheels").want(t, 0)
	return h
}

// askPip gives the exit status of `pip install --dry-run` for each puzzle.
func askPip(t *testing.T, python string, houses []puzzle) map[string]int {
	t.Helper()
	type job struct {
		Name string   `json:"name"`
		Said string   `json:"said"`
		Args []string `json:"args"`
	}
	var jobs []job
	for _, h := range houses {
		jobs = append(jobs, job{h.name, h.folder + ".said", []string{
			"install", "--isolated", "--dry-run", "--ignore-installed", "--no-index", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--disable-pip-version-check",
			"--retries=0", "--timeout=1", "--find-links", h.folder, "-r", h.requirements,
		}})
		_ = os.Remove(h.folder + ".said") // of the pip before
	}
	text, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	cmd := command(ctx, t.TempDir(), []string{"PIP_CONFIG_FILE=" + os.DevNull}, python, "-c", string(read(t, filepath.Join("testdata", "agreement.py"))))
	cmd.Stdin = strings.NewReader(string(text))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var statuses map[string]int
	if err := json.Unmarshal(out, &statuses); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	for name, status := range statuses {
		if status != 0 && status != 1 && status != 2 {
			t.Errorf("%s: pip ended with %d", name, status)
		}
	}
	return statuses
}

// askRules gives what validate -static says of each puzzle.
func askRules(t *testing.T, python string, houses []puzzle) map[string]judgement {
	t.Helper()
	said := make([]judgement, len(houses))
	var group sync.WaitGroup
	next := make(chan int)
	for range 2 {
		group.Go(func() {
			for i := range next {
				said[i] = judge(t, python, houses[i])
			}
		})
	}
	for i := range houses {
		next <- i
	}
	close(next)
	group.Wait()
	of := map[string]judgement{}
	for i, h := range houses {
		of[h.name] = said[i]
	}
	return of
}

func judge(t *testing.T, path string, h puzzle) judgement {
	none := func(string) (string, bool) { return "", false }
	set, err := requirements.Load(h.requirements, none)
	if err != nil {
		return judgement{true, []string{fault.Code(err)}, err.Error()}
	}
	r, err := validate.Run(t.Context(), validate.Options{
		Tarball: h.tarball, Requirements: set, Python: path, Static: true, Environ: os.Environ(), TempDir: filepath.Dir(h.tarball),
	})
	if err != nil {
		return judgement{true, []string{fault.Code(err)}, err.Error()}
	}
	codes := map[string]bool{}
	var text strings.Builder
	for _, f := range r.Findings {
		if f.Severity == finding.Fail {
			codes[f.Code] = true
		}
		fmt.Fprintf(&text, "%s %s %s: %s\n", f.Severity, f.Code, f.Subject, f.Message)
	}
	return judgement{r.Failed(), slices.Sorted(maps.Keys(codes)), text.String()}
}

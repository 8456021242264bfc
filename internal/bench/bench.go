package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/config"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
)

// Run measures everything, prints the table to w and writes it to
// docs/benchmarks.md in the repository root. It takes some minutes, and
// fetches wheels the first time. A goal that is missed is no error. Codes:
// bench-failed, no-cache-folder, no-python, bad-settings.
func Run(ctx context.Context, w io.Writer, root string) error {
	if runtime.GOOS == "windows" {
		return fault.New(fault.Unable, "bench-failed", "measuring: tar, gzip, find and sha256sum are needed, which this system lacks")
	}
	b, err := compiled(ctx, w, root)
	if err != nil {
		return err
	}
	cfg, err := config.Load(root, root, b.env)
	if err != nil {
		return err
	}
	i, err := python.Find(ctx, python.Search{Want: cfg.Python, Environ: os.Environ(), Typed: "bench"})
	if err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	// Beside the wheels, so that everything is read from and written to one disk.
	work, err := os.MkdirTemp(cache, "work-*")
	if err != nil {
		return fault.New(fault.Unable, "no-cache-folder", "making a folder to work in: %w", err)
	}
	defer os.RemoveAll(work)
	m := &meter{progress: w, binary: b, python: i, work: work}
	r, err := m.report(ctx, cache, cfg)
	if err != nil {
		return err
	}
	r.machine = machine(ctx, i)
	if _, err := io.WriteString(w, "\n"+r.text()); err != nil {
		return fault.New(fault.Unable, "output", "writing the result: %w", err)
	}
	page := filepath.Join(root, "docs", "benchmarks.md")
	old, err := os.ReadFile(page)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Unable, "bench-failed", "reading docs/benchmarks.md: %w", err)
	}
	if err := os.WriteFile(page, []byte(keepingSection(r.markdown(), string(old), archiveSection)), 0o644); err != nil {
		return fault.New(fault.Unable, "bench-failed", "writing docs/benchmarks.md: %w", err)
	}
	return nil
}

// binary is the compiled program and the environment that it is measured in.
type binary struct {
	path string
	env  []string
}

// compiled brings the binary up to date and gives its path.
func compiled(ctx context.Context, w io.Writer, root string) (binary, error) {
	b := binary{path: filepath.Join(root, "bin", "wheelhouse"), env: environ(os.Environ(), root)}
	cmd := exec.CommandContext(ctx, filepath.Join(root, "scripts", "wheelhouse"), "-l")
	cmd.Env, cmd.Stderr = b.env, w
	if err := cmd.Run(); err != nil {
		return b, fault.New(fault.Unable, "bench-failed", "compiling the binary: %w", err)
	}
	return b, nil
}

// environ is the user's environment without what would change the binary's
// settings or verbosity, so that the figures are those of the shipped ones.
func environ(user []string, root string) []string {
	kept := []string{"WHEELHOUSE_ROOT=" + root}
	for _, pair := range user {
		if !strings.HasPrefix(pair, "WHEELHOUSE_") && !strings.HasPrefix(pair, "MAGEFILE_") {
			kept = append(kept, pair)
		}
	}
	return kept
}

// meter holds what every measurement needs.
type meter struct {
	progress io.Writer
	binary   binary
	python   python.Interpreter
	work     string // a folder of ours on the wheels' disk
	// withRestic: there is a restic to measure beside.
	withRestic bool
}

// ours is a run of the binary, with settings over the shipped ones.
func (m *meter) ours(settings []string, args ...string) process {
	env := append(append([]string(nil), m.binary.env...), settings...)
	return process{args: append([]string{m.binary.path}, args...), dir: m.work, env: env}
}

// folder makes a new folder of ours.
func (m *meter) folder(name string) (string, error) {
	dir := filepath.Join(m.work, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fault.New(fault.Unable, "bench-failed", "making a folder to work in: %w", err)
	}
	return dir, nil
}

// report measures all of the table.
func (m *meter) report(ctx context.Context, cache string, cfg *config.Config) (*report, error) {
	big, err := bigSet(ctx, m.progress, cache, m.python)
	if err != nil {
		return nil, err
	}
	sample, err := sampleSet(ctx, m.progress, cache, m.binary, cfg.Requirements, m.python)
	if err != nil {
		return nil, err
	}
	r := &report{}
	measurements := []struct {
		title   string
		measure func() ([]line, error)
	}{
		{title("the big set", big), func() ([]line, error) { return m.tarballs(ctx, "big", big) }},
		{title("the sample", sample), func() ([]line, error) { return m.tarballs(ctx, "sample", sample) }},
		{fmt.Sprintf("Attest, sign and verify, on the big set: %d wheels, %s", big.count, megabytes(big.bytes)), func() ([]line, error) { return m.papers(ctx, big) }},
		{"Validate, on the sample", func() ([]line, error) { return m.validate(ctx, cache, sample, cfg) }},
		{fmt.Sprintf("The rules alone, on the big set: %d wheels, %s", big.count, megabytes(big.bytes)), func() ([]line, error) { return m.static(ctx, big) }},
		{"List", func() ([]line, error) { return m.list(ctx) }},
		{fmt.Sprintf("Fetch, an artifact of %d wheels, %s, from loopback", artifactWheels, megabytes(artifactWheels*wheelBytes)), func() ([]line, error) { return m.fetch(ctx) }},
	}
	for _, each := range measurements {
		fmt.Fprintln(m.progress, "bench: "+each.title)
		lines, err := each.measure()
		if err != nil {
			return nil, err
		}
		r.tables = append(r.tables, table{each.title, lines})
	}
	r.inits, err = m.inits(ctx)
	return r, err
}

func title(name string, set wheelSet) string {
	return fmt.Sprintf("Pack and meta, on %s: %d wheels, %s", name, set.count, megabytes(set.bytes))
}

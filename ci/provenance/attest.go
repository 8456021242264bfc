package provenance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Attestation is the texts of the papers of a tarball.
type Attestation struct {
	SBOM, Statement, Checksums []byte
	// Wheels is how many wheels the tarball has.
	Wheels int
}

// AttestOptions say what a tarball's papers are made from.
type AttestOptions struct {
	Limits wheelhouse.Limits
	Wheels wheel.Limits
	// Version is this program's; empty: not said.
	Version string
	// Getenv gives the CI's environment; nil for none.
	Getenv func(string) (string, bool)
}

// Attest makes the papers of the tarball at path: SBOM, statement and
// checksums. Nothing is written. The tarball is read once; of one that was
// packed here the wheels' METADATA is then looked up where it lies, any other
// is extracted to a temporary folder meanwhile. The same tarball, record, lock
// and run give the same bytes.
//
// Codes: those of wheelhouse.Read; no-meta, bad-meta, meta-mismatch, bad-lock,
// bad-papers (refused); papers-unreadable (unable).
func Attest(ctx context.Context, path string, o AttestOptions) (Attestation, error) {
	var a Attestation
	base := filepath.Base(path)
	data, err := readBounded(path+meta.Suffix, meta.MaxBytes)
	if gone(err) {
		return a, fault.New(fault.Refused, "no-meta", "attesting %s: there is no record beside it", base)
	}
	if err != nil {
		return a, fault.New(fault.Unable, "papers-unreadable", "reading %s: %w", path+meta.Suffix, err)
	}
	record, err := meta.Parse(data, base+meta.Suffix)
	if err != nil {
		return a, err
	}
	inv, contents, err := look(ctx, path, o)
	if err != nil {
		return a, err
	}
	for _, f := range meta.Compare(record, inv) {
		if f.Severity == finding.Fail {
			return a, fault.New(fault.Refused, "meta-mismatch", "attesting %s: its record does not agree with it: %s", base, f.Message)
		}
	}
	of := made{inventory: inv, record: record, recordSum: sumText(data), version: o.Version, getenv: o.Getenv}
	lockPath := filepath.Join(filepath.Dir(path), lock.FileName(base))
	if text, err := readBounded(lockPath, lock.MaxBytes); err == nil {
		l, err := lock.Parse(text, lockPath)
		if err != nil {
			return a, err
		}
		if why := disagree(lockSide(l, filepath.Base(lockPath)), inventorySide(inv)); why != "" {
			return a, fault.New(fault.Refused, "bad-lock", "attesting %s: %s", base, why)
		}
		of.lockSum = sumText(text)
	} else if !gone(err) {
		return a, fault.New(fault.Unable, "papers-unreadable", "reading %s: %w", lockPath, err)
	}
	if a.SBOM, err = encodeSBOM(inv, record, contents); err == nil {
		a.Statement, err = of.statement()
	}
	if err != nil {
		return a, fault.New(fault.Refused, "bad-papers", "attesting %s: %w", base, err)
	}
	a.Wheels = len(inv.Wheels)
	a.Checksums, err = checksums(ctx, path, map[string]string{
		path: inv.SHA256, path + SBOMSuffix: sumText(a.SBOM), path + StatementSuffix: sumText(a.Statement),
	})
	return a, err
}

func sumText(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// look reads the tarball and its wheels' METADATA, in the order of the wheels.
func look(ctx context.Context, path string, o AttestOptions) (*wheelhouse.Inventory, []wheel.Metadata, error) {
	f, err := wheelhouse.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	beginning := make([]byte, 11)
	n, _ := f.ReadAt(beginning, 0) // what is too short, ReadFile tells
	options := wheelhouse.ReadOptions{Limits: o.Limits}
	if !wheelhouse.MayBeOurs(beginning[:n]) {
		return lookExtracted(ctx, f, options, o.Wheels)
	}
	inv, err := wheelhouse.ReadFile(ctx, f, options)
	if err != nil {
		return nil, nil, err
	}
	if inv.Format != wheelhouse.Format {
		return lookExtracted(ctx, f, options, o.Wheels)
	}
	spans, _, err := wheelhouse.Layout(inv.Wheels) // sorted by name, as the wheels are
	if err != nil {
		return nil, nil, err
	}
	contents := make([]wheel.Metadata, len(inv.Wheels))
	for i, w := range inv.Wheels {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if contents[i], err = metadataOf(wheelhouse.Section(f, spans[i], w.Size), w, o.Wheels); err != nil {
			return nil, nil, err
		}
	}
	return inv, contents, nil
}

// lookExtracted is look where wheels do not lie in the tarball as they are.
func lookExtracted(ctx context.Context, f *os.File, o wheelhouse.ReadOptions, limits wheel.Limits) (inv *wheelhouse.Inventory, contents []wheel.Metadata, err error) {
	if o.Extract, err = os.MkdirTemp("", "wheelhouse-attest-"); err != nil {
		return nil, nil, fault.New(fault.Unable, "extract-failed", "attesting %s: %w", filepath.Base(f.Name()), err)
	}
	defer func() { _ = os.RemoveAll(o.Extract) }() // a temporary folder
	if inv, err = wheelhouse.ReadFile(ctx, f, o); err != nil {
		return nil, nil, err
	}
	for _, w := range inv.Wheels {
		file, err := os.Open(filepath.Join(o.Extract, w.Name))
		if err != nil {
			return nil, nil, fault.New(fault.Unable, "extract-failed", "attesting %s: %w", inv.Name, err)
		}
		m, err := metadataOf(file, w, limits)
		_ = file.Close() // read only: nothing to lose
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, nil, err
		}
		contents = append(contents, m)
	}
	return inv, contents, nil
}

// metadataOf reads a wheel's METADATA. One without has no licence and no
// dependencies to tell; what is wrong with it is for validate to say.
func metadataOf(r io.ReaderAt, w wheelhouse.File, limits wheel.Limits) (wheel.Metadata, error) {
	c := wheel.Inspect(r, w.Size, limits)
	if c.Unsafe() {
		return wheel.Metadata{}, fault.New(fault.Refused, "bad-papers", "attesting the wheel %s: %w", w.Name, c.Troubles[0])
	}
	return c.Metadata, nil
}

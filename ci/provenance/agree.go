package provenance

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Expected is what a set of files is held against.
type Expected struct {
	// Repository, Workflow, Builder and Commit are what a statement must name;
	// empty is not compared.
	Repository, Workflow, Builder, Commit string
	// DSSEKey is the key, in PEM, that a statement must be wrapped by; nil for
	// none.
	DSSEKey []byte
	Limits  wheelhouse.Limits
	// Raw is written all bytes of the tarball; nil: nobody wants them.
	Raw io.Writer
	// Hashed is given the SHA-256 of the tarball's bytes, to go on with; nil:
	// nobody wants it.
	Hashed func(hash.Hash)
	// NoTarball leaves the tarball unread, as if it were not there.
	NoTarball bool
}

// VerifyPapers holds the files beside the tarball at path against it and
// against one another. The tarball is read once; inv is nil where it is not
// there or cannot be read, and then its record stands for it. Codes:
// papers-unreadable (unable); the error of ctx.
func VerifyPapers(ctx context.Context, path string, e Expected) (checks []Check, inv *wheelhouse.Inventory, err error) {
	if _, absent := os.Stat(path); absent == nil && !e.NoTarball {
		inv, err = wheelhouse.Read(ctx, path, wheelhouse.ReadOptions{Limits: e.Limits, Raw: e.Raw, Hashed: e.Hashed})
		if ctx.Err() != nil {
			return nil, nil, err
		}
		if err != nil {
			checks = append(checks, Check{
				Name: CheckTarball, Result: Fail, State: "damaged", Subject: filepath.Base(path), Reason: err.Error(),
				Hint: "get it again from where it was published",
			})
		}
	}
	sum := ""
	if inv != nil {
		sum = inv.SHA256
	}
	record, agreement, err := verifyRecord(path, inv)
	if err != nil {
		return nil, nil, err
	}
	checks = append(checks, agreement)
	papers, err := verifyPapers(path, inv, record, agreement, e)
	if err != nil {
		return nil, nil, err
	}
	checks = append(checks, papers...)
	if sum == "" && agreement.State != Absent && agreement.State != Malformed {
		sum = record.SHA256
	}
	sums, err := verifyChecksums(ctx, path, sum)
	return append(checks, sums...), inv, err
}

// verifyRecord holds the record against the tarball.
func verifyRecord(path string, inv *wheelhouse.Inventory) (record meta.Record, c Check, err error) {
	c = Check{Name: CheckAgreement, Result: Fail, Subject: filepath.Base(path) + meta.Suffix, State: Malformed}
	data, err := readBounded(path+meta.Suffix, meta.MaxBytes)
	switch {
	case gone(err):
		c.Result, c.State, c.Reason = Skip, Absent, "there is no record beside the tarball"
		return record, c, nil
	case errors.Is(err, errTooLong):
		c.Reason, c.Hint = fmt.Sprintf("it has more than %d bytes", meta.MaxBytes), getAgain
		return record, c, nil
	case err == nil:
		record, err = meta.Parse(data, filepath.Base(path)+meta.Suffix)
		if err != nil {
			c.Reason = err.Error()
			return record, c, nil
		}
	default:
		return record, c, fault.New(fault.Unable, "papers-unreadable", "reading %s: %w", path+meta.Suffix, err)
	}
	if inv == nil {
		c.Result, c.State, c.Reason = Skip, NotCompared, "the tarball is not here"
		return record, c, nil
	}
	for _, f := range meta.Compare(record, inv) {
		if f.Severity == finding.Fail {
			c.State, c.Reason, c.Hint = "mismatch", f.Message, "tarball and record are not of one build: get both from the same run"
			return record, c, nil
		}
	}
	c.Result, c.State, c.Reason = Pass, OK, "it describes this tarball"
	return record, c, nil
}

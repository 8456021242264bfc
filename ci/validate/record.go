package validate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// recordMismatches holds every wheel against its own RECORD: names and sizes
// always, every member's bytes where hash is true. One finding for a wheel:
// record-mismatch, FAIL. It uses all cores, reads nothing whole, and passes
// over wheels that must not be unpacked.
func recordMismatches(ctx context.Context, open opener, contents map[string]wheel.Contents, limits wheel.Limits, hash bool) ([]finding.Finding, error) {
	var files []string
	for _, file := range sortedKeys(contents) {
		if !contents[file].Unsafe() {
			files = append(files, file)
		}
	}
	verifier := wheel.NewVerifier(limits)
	bad := make([][]finding.Finding, len(files))
	errs := make([]error, len(files))
	each(ctx, len(files), func(i int) {
		bad[i], errs[i] = verify(ctx, verifier, open, files[i], hash)
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return slices.Concat(bad...), nil
}

// verify holds one wheel against its RECORD.
func verify(ctx context.Context, v *wheel.Verifier, open opener, file string, hash bool) ([]finding.Finding, error) {
	r, size, closer, err := open(file)
	if err != nil {
		return nil, err
	}
	defer closer.Close() // read only: nothing to lose
	bad, err := v.Verify(ctx, r, size, hash)
	switch e, ok := fault.As(err); {
	case ok && e.ExitStatus() == fault.Refused:
		return []finding.Finding{failure(err, file)}, nil
	case err != nil || len(bad) == 0:
		return nil, err
	}
	return []finding.Finding{recordMismatch(file, bad)}, nil
}

// recordMismatch tells of the first few members of a wheel that are not what
// RECORD says.
func recordMismatch(file string, bad []error) finding.Finding {
	const most = 3
	message := ""
	for i, err := range bad[:min(most, len(bad))] {
		if i > 0 {
			message += "; "
		}
		if e, ok := fault.As(err); ok {
			message += e.Message
		}
	}
	if more := len(bad) - most; more > 0 {
		message += fmt.Sprintf("; and %d more", more)
	}
	return finding.Finding{
		Code: "record-mismatch", Severity: finding.Fail, Subject: file, Message: message,
		Hint: "get the wheel again; if its project made it so, " + warning("record-mismatch", projectOf(file)),
	}
}

// projectOf gives the project of a wheel's file name; "" for another name.
func projectOf(file string) string {
	name, err := wheel.ParseName(file)
	if err != nil {
		return ""
	}
	return name.Project
}

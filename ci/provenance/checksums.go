package provenance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
)

// verdictSuffix is that of what a proof said.
const verdictSuffix = ".verdict.json"

// listed gives the paths of the files that a checksums file lists where they
// exist, in its order. None of them may be one that is signed itself.
func listed(path string) []string {
	return []string{
		path, path + meta.Suffix, filepath.Join(filepath.Dir(path), lock.FileName(filepath.Base(path))),
		path + verdictSuffix, path + SBOMSuffix, path + StatementSuffix,
	}
}

// Checksums gives the text of the checksums file of the tarball at path, as
// sha256sum -c reads it: the tarball, record, lock, verdict, SBOM and
// statement, those that exist. Codes: tar-missing (refused), papers-unreadable,
// tar-unreadable (unable).
func Checksums(ctx context.Context, path string) ([]byte, error) {
	return checksums(ctx, path, nil)
}

// checksums is Checksums where some files' sha256 are known, by their paths.
func checksums(ctx context.Context, path string, known map[string]string) ([]byte, error) {
	var out bytes.Buffer
	for _, file := range listed(path) {
		sum := known[file]
		if sum == "" {
			sumOf := paperSum
			if file == path {
				sumOf = func(path string) (string, error) { return tarballSum(ctx, path) }
			}
			var err error
			if sum, err = sumOf(file); err != nil {
				return nil, err
			}
		}
		if sum == "" {
			continue
		}
		fmt.Fprintf(&out, "%s  %s\n", sum, filepath.Base(file))
	}
	return out.Bytes(), nil
}

// parseChecksums reads a checksums file: sums by base name. It takes nothing
// but the form that Checksums writes, of files of this tarball's.
func parseChecksums(data []byte, path string) (map[string]string, error) {
	sums := map[string]string{}
	var known []string
	for _, file := range listed(path) {
		known = append(known, filepath.Base(file))
	}
	for line := range strings.Lines(string(data)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		raw, err := hex.DecodeString(sum)
		switch {
		case !ok || err != nil || len(raw) != sha256.Size || sum != strings.ToLower(sum) || !strings.HasSuffix(line, "\n"):
			return nil, errors.New("it has a line that is none of sha256sum's")
		case !slices.Contains(known, name):
			return nil, fmt.Errorf("it lists %.80q, which is no file of this tarball's", name)
		case sums[name] != "":
			return nil, fmt.Errorf("it lists %s twice", name)
		}
		sums[name] = sum
	}
	if sums[known[0]] == "" {
		return nil, errors.New("it does not list the tarball")
	}
	return sums, nil
}

// verifyChecksums holds the files beside the tarball against the checksums
// file. sum is the tarball's sha256: of its bytes, else of its record; empty
// where neither is known.
func verifyChecksums(ctx context.Context, path, sum string) ([]Check, error) {
	c := Check{Name: CheckChecksums, Result: Fail, Subject: filepath.Base(path) + ChecksumsSuffix, State: Malformed}
	data, err := readBounded(path+ChecksumsSuffix, maxChecksums)
	switch {
	case gone(err):
		c.Result, c.State, c.Reason = Skip, Absent, "there is no checksums file beside the tarball"
		c.Hint = "get the whole set of files"
		return []Check{c}, nil
	case errors.Is(err, errTooLong):
		c.Reason = fmt.Sprintf("it has more than %d bytes", maxChecksums)
		return []Check{c}, nil
	case err != nil:
		return nil, fault.New(fault.Unable, "papers-unreadable", "reading %s: %w", path+ChecksumsSuffix, err)
	}
	sums, err := parseChecksums(data, path)
	if err != nil {
		c.Reason = err.Error()
		return []Check{c}, nil
	}
	var checks []Check
	for i, file := range listed(path) {
		is := sum
		if i > 0 {
			is, err = paperSum(file)
			if errors.Is(err, errTooLong) {
				checks = append(checks, Check{
					Name: CheckChecksums, Result: Fail, Subject: filepath.Base(file), State: Malformed, Reason: fmt.Sprintf("it has more than %d bytes", maxPaper), Hint: getAgain,
				})
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		if bad := compareSum(filepath.Base(file), sums[filepath.Base(file)], is); bad != nil {
			if bad.State == "unlisted" && strings.HasSuffix(file, verdictSuffix) {
				bad.Result, bad.Reason = Warn, "a proof that was made since: "+bad.Reason
				bad.Hint = "nothing vouches for it; sign lists it with the rest, where the set is not signed yet"
			}
			checks = append(checks, *bad)
		}
	}
	if len(Refused(checks)) == 0 {
		c.Result, c.State, c.Reason = Pass, OK, fmt.Sprintf("%d files are as it lists them", len(sums))
		checks = append(checks, c)
	}
	return checks, nil
}

// Sum gives a file's sha256; empty where there is no such file. Codes:
// tar-unreadable (unable); the error of ctx.
func Sum(ctx context.Context, file string) (string, error) {
	sum, err := tarballSum(ctx, file)
	if fault.Code(err) == "tar-missing" {
		return "", nil
	}
	return sum, err
}

// tarballSum is Sum, and tar-missing where there is no such file.
func tarballSum(ctx context.Context, file string) (string, error) {
	h := sha256.New()
	err := readAll(ctx, file, h)
	return hex.EncodeToString(h.Sum(nil)), err
}

// maxPaper is the most bytes of what stands beside a tarball and is listed.
const maxPaper = max(maxSBOM, 2*maxStatement, lock.MaxBytes, meta.MaxBytes)

// paperSum gives the sha256 of a file beside the tarball; empty where there is
// none. Code: papers-unreadable (unable).
func paperSum(file string) (string, error) {
	data, err := readBounded(file, maxPaper)
	switch {
	case gone(err):
		return "", nil
	case err != nil:
		return "", fault.New(fault.Unable, "papers-unreadable", "reading %s: %w", file, err)
	}
	return sumText(data), nil
}

// compareSum gives what is wrong with one file; nil for nothing.
func compareSum(name, wanted, is string) *Check {
	c := Check{Name: CheckChecksums, Result: Fail, Subject: name, Hint: getAgain}
	switch {
	case wanted == is:
		return nil
	case wanted == "":
		c.State, c.Reason = "unlisted", "the checksums file does not list it"
	case is == "":
		c.State, c.Reason = "missing", "the checksums file lists it, and it is not there"
	default:
		c.State, c.Reason = "mismatch", "its sha256 is "+is+", the checksums file says "+wanted
	}
	return &c
}

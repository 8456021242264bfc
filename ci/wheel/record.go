package wheel

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/csv"
	"errors"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// recorded is one line of RECORD: what a member must be.
type recorded struct {
	// algorithm and digest as they are spelled; both empty for no hash.
	algorithm, digest string
	// size in bytes; -1 for none.
	size int64
}

// parseRecord reads RECORD (binary distribution format; PEP 376): a line for
// each member, by its path. A path that is there twice must say the same. The
// paths themselves are held against nothing.
func parseRecord(text []byte) (map[string]recorded, error) {
	lines := csv.NewReader(bytes.NewReader(text))
	lines.FieldsPerRecord = -1
	lines.LazyQuotes = true // as Python's csv
	lines.ReuseRecord = true
	record := map[string]recorded{}
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return record, nil
		}
		if err != nil {
			return nil, mismatch("reading RECORD: %w", err)
		}
		line, _ := lines.FieldPos(0)
		if len(fields) != 3 {
			return nil, mismatch("reading RECORD: line %d has %d fields and not three", line, len(fields))
		}
		r, reason := parseRecorded(fields[1], fields[2])
		if reason != "" {
			return nil, mismatch("reading RECORD: line %d: %s", line, reason)
		}
		if before, twice := record[fields[0]]; twice && before != r {
			return nil, mismatch("reading RECORD: two lines for %q that differ", fields[0])
		}
		record[fields[0]] = r
	}
}

// parseRecorded reads hash and size, or says why they are none.
func parseRecorded(sum, size string) (r recorded, reason string) {
	r.size = -1
	if size != "" {
		n, err := strconv.ParseUint(size, 10, 63)
		if err != nil {
			return r, "the size " + strconv.Quote(size) + " is no number"
		}
		r.size = int64(n)
	}
	if sum == "" {
		return r, ""
	}
	algorithm, digest, found := strings.Cut(sum, "=")
	if !found || algorithm == "" || digest == "" {
		return r, "the hash " + strconv.Quote(sum) + " is not ALGORITHM=DIGEST"
	}
	r.algorithm, r.digest = algorithm, strings.TrimRight(digest, "=")
	return r, ""
}

// newHash gives a hash by its name in Python's hashlib; nil for one that RECORD
// may not use (it wants sha256 or better) or that is not known here.
func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case "sha256":
		return sha256.New()
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	case "sha3_256":
		return sha3.New256()
	case "sha3_384":
		return sha3.New384()
	case "sha3_512":
		return sha3.New512()
	}
	return nil
}

// mismatch is the error for what RECORD and members do not agree in.
func mismatch(format string, args ...any) error {
	return fault.New(fault.Refused, "record-mismatch", format, args...)
}

package wheel

import (
	"archive/zip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// Verifier holds wheels against their RECORD. It may be used by several
// goroutines at once, for several wheels: together they hash as many members at
// a time as there are cores. Make it with NewVerifier.
type Verifier struct {
	limits Limits
	// free are the buffers; who has one may compute.
	free chan *scratch
}

// NewVerifier makes a Verifier that reads within the limits.
func NewVerifier(limits Limits) *Verifier {
	n := runtime.GOMAXPROCS(0)
	v := &Verifier{limits: limits.orDefault(), free: make(chan *scratch, n)}
	for range n {
		v.free <- &scratch{} // whoever uses it first fills it
	}
	return v
}

// Verify holds every member of the wheel in r, size bytes long, against its
// RECORD: names and sizes always, contents where hash is true. RECORD itself
// and its signatures need no line and have no hash; folders' entries are no
// files. It gives what does not agree, an *fault.Error of the code
// record-mismatch each, at most one for each member and each line; and an error
// where the wheel cannot be read (codes not-a-zip, zip-bomb), or ctx's.
func (v *Verifier) Verify(ctx context.Context, r io.ReaderAt, size int64, hash bool) ([]error, error) {
	archive, err := openZip(r, size, v.limits)
	if err == nil {
		err = v.limits.unpacks(archive.File, size)
	}
	if err != nil {
		return nil, err
	}
	record, folder, err := recordOf(archive, v.limits)
	if err != nil {
		return []error{err}, nil
	}
	found, pairs := compare(archive.File, record, folder)
	if hash {
		bad, err := v.hash(ctx, pairs)
		if err != nil {
			return nil, err
		}
		found = append(found, bad...)
	}
	return found, ctx.Err()
}

// recordOf reads RECORD.
func recordOf(archive *zip.Reader, limits Limits) (record map[string]recorded, folder string, err error) {
	folder, err = distInfo(archive)
	if err != nil {
		return nil, "", mismatch("looking for RECORD: the wheel has not one .dist-info folder")
	}
	member, err := find(archive, folder+"/RECORD", "record-mismatch")
	if err != nil {
		return nil, "", err
	}
	text, err := readMember(member, limits.listBytes(), "wheel-members", "record-mismatch")
	if err != nil {
		return nil, "", err
	}
	record, err = parseRecord(text)
	return record, folder, err
}

// pair is a member and its line.
type pair struct {
	member *zip.File
	line   recorded
}

// compare holds the directory against RECORD: names, sizes and whether there
// is a hash that counts. It gives what does not agree, and the members whose
// contents are still to be looked at.
func compare(members []*zip.File, record map[string]recorded, folder string) (found []error, pairs []pair) {
	unhashed := map[string]bool{}
	for _, name := range []string{"RECORD", "RECORD.jws", "RECORD.p7s"} {
		unhashed[folder+"/"+name] = true
	}
	seen := make(map[string]bool, len(members))
	for _, m := range members {
		line, listed := record[m.Name]
		switch {
		case isFolder(m):
			if m.UncompressedSize64 > 0 {
				found = append(found, mismatch("%q is a folder with data", m.Name))
			}
			continue
		case seen[m.Name]:
			found = append(found, mismatch("%q is there twice", m.Name))
			continue
		}
		seen[m.Name] = true
		if unhashed[m.Name] {
			continue
		}
		if reason := holds(m, line, listed); reason != "" {
			found = append(found, mismatch("%q %s", m.Name, reason))
			continue
		}
		pairs = append(pairs, pair{m, line})
	}
	for _, name := range slices.Sorted(maps.Keys(record)) {
		switch reason := nameTrouble(name); {
		case reason != "":
			found = append(found, mismatch("RECORD has a line for %q, which %s", name, reason))
		case !seen[name] && !unhashed[name]:
			found = append(found, mismatch("RECORD has a line for %q, which is not in the wheel", name))
		}
	}
	return found, pairs
}

// holds says what is wrong between a member's entry and its line; "" for
// nothing.
func holds(m *zip.File, line recorded, listed bool) string {
	switch {
	case !listed:
		return "is not in RECORD"
	case m.Flags&encrypted != 0:
		return "is encrypted"
	case line.algorithm == "":
		return "has no hash in RECORD"
	case newHash(line.algorithm) == nil:
		return fmt.Sprintf("has a hash of %q in RECORD, which is not sha256 or better", line.algorithm)
	case line.size >= 0 && uint64(line.size) != m.UncompressedSize64:
		return fmt.Sprintf("has %d bytes, RECORD says %d", m.UncompressedSize64, line.size)
	}
	return ""
}

// hash hashes the members, the largest first so that no core is left with one
// at the end, and gives what does not agree in the order of pairs.
func (v *Verifier) hash(ctx context.Context, pairs []pair) ([]error, error) {
	order := make([]int, len(pairs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return -compareSizes(pairs[a].member, pairs[b].member)
	})
	errs := make([]error, len(pairs))
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(cap(v.free), len(pairs)) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(order)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				s := <-v.free
				errs[order[i]] = s.check(ctx, pairs[order[i]])
				v.free <- s
			}
		})
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil }), nil
}

func compareSizes(a, b *zip.File) int {
	switch {
	case a.UncompressedSize64 < b.UncompressedSize64:
		return -1
	case a.UncompressedSize64 > b.UncompressedSize64:
		return 1
	}
	return 0
}

// check hashes one member.
func (s *scratch) check(ctx context.Context, p pair) error {
	sum := newHash(p.line.algorithm)
	if err := s.unpack(ctx, sum, p.member); err != nil {
		return mismatch("%q cannot be unpacked: %w", p.member.Name, err)
	}
	if digest := base64.RawURLEncoding.EncodeToString(sum.Sum(nil)); digest != p.line.digest {
		return mismatch("%q has %s=%s, RECORD says %q", p.member.Name, p.line.algorithm, digest, brief(p.line.digest))
	}
	return nil
}

// brief cuts what somebody else wrote to the length of a digest.
func brief(digest string) string {
	if len(digest) > 86 {
		return digest[:86] + "..."
	}
	return digest
}

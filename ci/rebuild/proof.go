package rebuild

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Whole is the recipe of a tarball that is stored as it is.
const Whole = "whole"

// readBackBuffer is how much is read and hashed at a time.
const readBackBuffer = 256 << 10

// Proof is the proof that a tarball's bytes come back from a place. Only this
// package makes one, of bytes that it read. The zero value proves nothing: its
// SHA256 is empty.
type Proof struct {
	sha256         string
	size           int64
	encoder, frame string
	at             entry.Location
	read           fs.FileInfo
}

// SHA256 of the tarball that comes back, lower-case hex; empty for the zero
// Proof.
func (p Proof) SHA256() string { return p.sha256 }

// Size of the tarball in bytes.
func (p Proof) Size() int64 { return p.size }

// Recipe gives how the bytes come from their wheels: the encoder, Whole where
// they do not, and the frame's sha256, empty where there is none.
func (p Proof) Recipe() (encoder, frame string) { return p.encoder, p.frame }

// Location is where the bytes come back from, and how that was verified.
func (p Proof) Location() entry.Location { return p.at }

// Read gives the file that was read to make the proof, as it was before the
// first and after the last byte; nil when the proof was made without the file.
func (p Proof) Read() fs.FileInfo { return p.read }

// Same tells whether two looks at a file found the same one, unchanged as far
// as size and time tell.
func Same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// ProveBytes reads the whole tarball from where it is kept, a store or git, and
// gives the proof when size and sha256 are those wanted. No more than one byte
// over the size is read. Code: proof-failed, refused where other bytes came,
// unable where reading failed; an error of open's with a code stays outermost.
func ProveBytes(ctx context.Context, want wheelhouse.File, open func(context.Context) (io.ReadCloser, error), at entry.Location) (Proof, error) {
	if !isSum(want.SHA256) || want.Size <= 0 {
		return Proof{}, fault.New(fault.Refused, "proof-failed", "proving that %s comes back from %s: its sha256 or size is not known", want.Name, at.URL)
	}
	if err := readBack(ctx, want, open, at); err != nil {
		return Proof{}, err
	}
	return Proof{sha256: want.SHA256, size: want.Size, encoder: Whole, at: at}, nil
}

// readBack reads a file to its end, no more than one byte over its size, and
// fails unless its size and sha256 are those wanted.
func readBack(ctx context.Context, want wheelhouse.File, open func(context.Context) (io.ReadCloser, error), at entry.Location) error {
	r, err := open(ctx)
	if err != nil {
		return unproven(want, at, err)
	}
	defer r.Close()
	sum := sha256.New()
	size, err := io.CopyBuffer(sum, &bounded{ctx, r, want.Size + 1}, make([]byte, readBackBuffer))
	if err != nil {
		return unproven(want, at, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); size != want.Size || got != want.SHA256 {
		came := fmt.Sprintf("%d bytes", size)
		if size > want.Size {
			came = fmt.Sprintf("more than %d bytes", want.Size)
		}
		return fault.New(fault.Refused, "proof-failed", "proving that %s comes back from %s: sha256 %s and %d bytes are wanted, %s and %s came",
			want.Name, at.URL, want.SHA256, want.Size, got, came)
	}
	return nil
}

// unproven is the error of bytes that could not be read.
func unproven(want wheelhouse.File, at entry.Location, err error) error {
	if coded, ok := fault.As(err); ok {
		return coded
	}
	if fault.Interrupted(err) {
		return err
	}
	return fault.New(fault.Unable, "proof-failed", "proving that %s comes back from %s: %w", want.Name, at.URL, err)
}

// bounded reads at most n bytes, and ends with its context.
type bounded struct {
	ctx context.Context
	r   io.Reader
	n   int64
}

// Read reads, unless the context has ended.
func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.n <= 0 {
		return 0, io.EOF
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.n)])
	b.n -= int64(n)
	return n, err
}

package deflate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Prefix is how many bytes of a plaintext Identify looks at.
const Prefix = 3 << 20

// Hint is what a gzip header tells of its maker (RFC 1952, section 2.3.1). It
// orders candidates and excludes none. The zero value tells nothing.
type Hint struct {
	// XFL is 2 from an encoder at its best, 4 from one at its fastest. Some
	// write 2 whatever the level.
	XFL byte
	// OS is the system; 255, unknown, is what Python writes.
	OS byte
}

// Order gives every encoder there is, the likeliest first.
func (h Hint) Order() []Encoder {
	families := []Family{Gzip, Zlib}
	if h.OS == 255 {
		families = []Family{Zlib, Gzip}
	}
	levels := []int{DefaultLevel, MaxLevel, MinLevel, 5, 4, 7, 8, 3, 2}
	switch h.XFL {
	case 2:
		levels = toFront(levels, MaxLevel)
	case 4:
		levels = toFront(levels, MinLevel)
	}
	order := make([]Encoder, 0, len(levels)*len(families))
	for _, level := range levels {
		for _, family := range families {
			order = append(order, Encoder{family, level})
		}
	}
	return order
}

// toFront moves level to the front of levels, the others keeping their order.
func toFront(levels []int, level int) []int {
	i := slices.Index(levels, level)
	return slices.Insert(slices.Delete(levels, i, i+1), 0, level)
}

// Identify gives the encoders that make the beginning of stream from the
// beginning of plain, in the order of hint; none when it is not one of ours.
// plain is what stream inflates to. What follows the DEFLATE stream, such as a
// gzip trailer, is ignored.
//
// At most Prefix bytes of plain are encoded, a tenth of a second each for an
// encoder that fits and next to nothing for another. When plain has no more,
// whatever is returned makes the whole stream; otherwise the caller tries one
// after the other and compares hashes. Several are normal: levels differ only
// where the input lets them.
//
// It holds up to 16 MB. The errors are those of the readers and of ctx.
func Identify(ctx context.Context, plain, stream io.Reader, hint Hint) ([]Encoder, error) {
	return identify(ctx, plain, stream, hint, Prefix)
}

// identify is Identify that looks at prefix bytes.
func identify(ctx context.Context, plain, stream io.Reader, hint Hint, prefix int) ([]Encoder, error) {
	input, complete, err := beginning(plain, prefix)
	if err != nil {
		return nil, fmt.Errorf("deflate: reading the plaintext: %w", err)
	}
	// At the very worst every byte takes nine bits.
	want, whole, err := beginning(stream, prefix+prefix/8+64)
	if err != nil {
		return nil, fmt.Errorf("deflate: reading the stream: %w", err)
	}
	var found []Encoder
	for _, encoder := range hint.Order() {
		same, err := encoder.begins(ctx, input, complete, &comparer{want, !whole})
		if err != nil {
			return nil, err
		}
		if same {
			found = append(found, encoder)
		}
	}
	return found, nil
}

// beginning reads up to n bytes, and tells whether that is all.
func beginning(r io.Reader, n int) (data []byte, all bool, err error) {
	var buf bytes.Buffer
	if _, err := io.Copy(&buf, io.LimitReader(r, int64(n)+1)); err != nil {
		return nil, false, err
	}
	data = buf.Bytes()
	return data[:min(n, len(data))], len(data) <= n, nil
}

// begins tells whether e makes what c wants from input. Unless input is
// complete, what is still in the encoder's hands is not compared.
func (e Encoder) begins(ctx context.Context, input []byte, complete bool, c *comparer) (bool, error) {
	w, err := NewWriter(c, e.Family, e.Level)
	if err != nil {
		return false, err
	}
	for piece := range slices.Chunk(input, windowSize) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if _, err := w.Write(piece); err != nil {
			return false, ignoreDiffers(err)
		}
	}
	if complete {
		err = w.Close()
	} else {
		w.out.flush()
		err = w.out.err
	}
	return err == nil, ignoreDiffers(err)
}

// errDiffers is what a comparer answers when it is given something else.
var errDiffers = errors.New("deflate: another stream")

// ignoreDiffers gives err, or nil for errDiffers.
func ignoreDiffers(err error) error {
	if errors.Is(err, errDiffers) {
		return nil
	}
	return err
}

// comparer is a writer that takes exactly the bytes of want; after them
// anything where more is set, and nothing else.
type comparer struct {
	want []byte
	more bool
}

// Write compares p.
func (c *comparer) Write(p []byte) (int, error) {
	n := min(len(p), len(c.want))
	if !bytes.Equal(p[:n], c.want[:n]) || n < len(p) && !c.more {
		return 0, errDiffers
	}
	c.want = c.want[n:]
	return len(p), nil
}

package rebuild

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/deflate"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// Wheels are where wheels come from.
type Wheels interface {
	// OpenWheel opens a wheel by its SHA256; Name and Size say more of it. An
	// error that wraps fs.ErrNotExist says that it is not there. The bytes need
	// not be checked: Recipe.Write hashes them.
	OpenWheel(ctx context.Context, w wheelhouse.File) (io.ReadCloser, error)
}

// Recipe says how a tarball's bytes come from its wheels. The zero value is
// none; make one with ParseRecipe.
type Recipe struct {
	// Encoder is wheelhouse.Format for a tarball that Pack made; the encoder's
	// name for one that was compressed by gzip or zlib, "gzip-6"; Whole where
	// the bytes do not come from the wheels.
	Encoder string
	// Frame is everything that is no wheel's, compressed; nil for
	// wheelhouse.Format and Whole.
	Frame []byte
	// AsWhole tells that the caller holds the whole's sha256 against what is
	// written and wants no more: the wheels of wheelhouse.Format are then not
	// hashed one by one, which takes as long as hashing the whole. Which of them
	// is wrong shows when it is written again without it.
	AsWhole bool

	frame *frame // Frame, parsed
}

// ParseRecipe reads a recipe; frame is kept, not copied. Any frame may be given:
// at most MaxFrame bytes are taken. Code: bad-recipe.
func ParseRecipe(encoder string, frame []byte) (Recipe, error) {
	if encoder == wheelhouse.Format || encoder == Whole {
		if len(frame) > 0 {
			return Recipe{}, badRecipe("%q needs no frame, and there is one", encoder)
		}
		return Recipe{Encoder: encoder}, nil
	}
	if _, err := deflate.Parse(encoder); err != nil {
		return Recipe{}, badRecipe("%w", err).
			WithHint("a newer version of this program may know how")
	}
	f, err := parseFrame(frame)
	if err != nil {
		return Recipe{}, badRecipe("%w", err)
	}
	if f.encoder.String() != encoder {
		return Recipe{}, badRecipe("it says %q, and its frame %q", encoder, f.encoder)
	}
	return Recipe{Encoder: encoder, Frame: frame, frame: f}, nil
}

// FrameSHA256 gives the sha256 of the frame, lower-case hex; empty where there
// is none.
func (r Recipe) FrameSHA256() string {
	if len(r.Frame) == 0 {
		return ""
	}
	sum := sha256.Sum256(r.Frame)
	return hex.EncodeToString(sum[:])
}

// Write writes the tarball's bytes to w. wheels are the tarball's, in any
// order; each is opened by from, hashed while it streams (but see AsWhole), and
// ends it when it is not the one wanted. What w has got by then is no tarball: only the caller,
// who knows the sha256 of the whole, can tell that what came out is the
// tarball. Memory is bounded, whatever the sizes.
//
// An error of w is returned as it is, one of from with a code too. A cancelled
// ctx gives its error, wrapped. Codes: wheel-differs (the wheel is not the one
// wanted), wheel-missing, bad-recipe (the wheels are not those of the frame, or
// the recipe is Whole), and those of wheelhouse.PackFrom, all refused;
// wheel-unreadable (unable).
func (r Recipe) Write(ctx context.Context, w io.Writer, wheels []wheelhouse.File, from Wheels) error {
	switch {
	case r.frame != nil:
		return r.frame.write(ctx, w, wheels, from)
	case r.Encoder == wheelhouse.Format:
		sources := make([]wheelhouse.Source, 0, len(wheels))
		for _, wheel := range wheels {
			if !isSum(wheel.SHA256) {
				return badRecipe("the sha256 of wheel %q is not known", wheel.Name)
			}
			packed := wheel
			if r.AsWhole {
				packed.SHA256 = ""
			}
			sources = append(sources, wheelhouse.Source{File: packed, Open: func(ctx context.Context) (io.ReadCloser, error) {
				return from.OpenWheel(ctx, wheel)
			}})
		}
		return wheelhouse.PackFrom(ctx, w, sources)
	}
	return badRecipe("%q does not tell how the bytes come from the wheels", r.Encoder)
}

// badRecipe refuses a recipe.
func badRecipe(format string, args ...any) *fault.Error {
	return fault.New(fault.Refused, "bad-recipe", "reading the recipe of a tarball: "+format, args...)
}

// isSum tells whether s is a sha256 in lower-case hex.
func isSum(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

package rebuild

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// A proof comes of the very bytes alone.
func TestProveBytes(t *testing.T) {
	t.Parallel()
	const text = "the tarball's bytes"
	sum := sha256.Sum256([]byte(text))
	want := wheelhouse.File{Name: "x.tgz", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(text))}
	at := entry.Location{URL: "file:x", Method: entry.ReadBack}
	broken := errors.New("broken")
	coded := fault.New(fault.Unable, "store-unreachable", "no answer")
	for name, c := range map[string]struct {
		body   io.Reader
		err    error
		code   string
		status int
		wraps  error
	}{
		"right":       {body: strings.NewReader(text)},
		"in pieces":   {body: iotest.OneByteReader(strings.NewReader(text))},
		"cut":         {body: strings.NewReader(text[1:]), code: "proof-failed", status: fault.Refused},
		"longer":      {body: strings.NewReader(text + "x"), code: "proof-failed", status: fault.Refused},
		"endless":     {body: endless{}, code: "proof-failed", status: fault.Refused},
		"other":       {body: strings.NewReader(strings.ToUpper(text)), code: "proof-failed", status: fault.Refused},
		"breaks off":  {body: io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), code: "proof-failed", status: fault.Unable, wraps: broken},
		"not there":   {err: fs.ErrNotExist, code: "proof-failed", status: fault.Unable, wraps: fs.ErrNotExist},
		"store fails": {err: coded, code: "store-unreachable", status: fault.Unable},
	} {
		p, err := ProveBytes(t.Context(), want, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(c.body), c.err }, at)
		if c.code == "" {
			encoder, frame := p.Recipe()
			if err != nil || p.SHA256() != want.SHA256 || p.Size() != want.Size || encoder != Whole || frame != "" || p.Location() != at || p.Read() != nil {
				t.Errorf("%s: got %+v, %v", name, p, err)
			}
			continue
		}
		f, ok := err.(*fault.Error)
		if !ok || f.Code != c.code || f.ExitStatus() != c.status || c.wraps != nil && !errors.Is(err, c.wraps) {
			t.Errorf("%s: got %v", name, err)
		}
		if p != (Proof{}) {
			t.Errorf("%s: there is a proof", name)
		}
	}
	for _, unknown := range []wheelhouse.File{{}, {SHA256: want.SHA256, Size: -1}, {Size: want.Size}} {
		if _, err := ProveBytes(t.Context(), unknown, nil, at); fault.Code(err) != "proof-failed" {
			t.Errorf("of %+v: %v", unknown, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := ProveBytes(ended, want, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }, at)
	if !fault.Interrupted(err) {
		t.Errorf("cancelled: %v", err)
	}
}

// endless never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

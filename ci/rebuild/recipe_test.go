package rebuild

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/wheelhouse-ci/wheelhouse/ci/deflate"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// recipes gives a recipe of each kind for one tarball of these wheels.
func recipes(t testing.TB, wheels map[string][]byte) map[string]Recipe {
	t.Helper()
	gzip := rehearse(t, write(t, packed(t, deflate.Encoder{Family: deflate.Gzip, Level: 6}, tarOf(t, wheels))))
	if gzip.Recipe().frame == nil {
		t.Fatal("no frame")
	}
	return map[string]Recipe{"ours": {Encoder: wheelhouse.Format}, "gzip": gzip.Recipe()}
}

// opener opens one wheel in a way of its own.
type opener struct {
	memory
	name string
	open func() (io.ReadCloser, error)
}

func (o opener) OpenWheel(ctx context.Context, w wheelhouse.File) (io.ReadCloser, error) {
	if w.Name == o.name {
		return o.open()
	}
	return o.memory.OpenWheel(ctx, w)
}

const beta = "beta-2.0-py3-none-any.whl"

// two is a set of wheels of which the last is opened in ways of its own.
func two() map[string][]byte {
	return map[string][]byte{"alpha-1.0-py3-none-any.whl": pseudo(1, 700_000), beta: []byte("the wheel's bytes")}
}

func TestWriteRefusesWheels(t *testing.T) {
	t.Parallel()
	wheels := two()
	right := string(wheels[beta])
	broken := errors.New("broken")
	coded := fault.New(fault.Unable, "store-unreachable", "no answer")
	text := func(s string) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(iotest.OneByteReader(strings.NewReader(s))), nil }
	}
	fails := func(err error) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(err)), nil }
	}
	for kind, recipe := range recipes(t, wheels) {
		for name, c := range map[string]struct {
			open   func() (io.ReadCloser, error)
			code   string
			status int
			wraps  error
		}{
			"right":            {open: text(right)},
			"other bytes":      {text(strings.ToUpper(right)), "wheel-differs", fault.Refused, nil},
			"cut":              {text(right[1:]), "wheel-differs", fault.Refused, nil},
			"longer":           {text(right + "x"), "wheel-differs", fault.Refused, nil},
			"nothing":          {text(""), "wheel-differs", fault.Refused, nil},
			"breaks off":       {fails(broken), "wheel-unreadable", fault.Unable, broken},
			"store fails":      {fails(coded), "store-unreachable", fault.Unable, coded},
			"store has it not": {func() (io.ReadCloser, error) { return memory{}.OpenWheel(t.Context(), wheelhouse.File{}) }, "wheel-missing", fault.Refused, nil},
		} {
			err := recipe.Write(t.Context(), io.Discard, filesOf(wheels), opener{memoryOf(wheels), beta, c.open})
			if c.code == "" {
				if err != nil {
					t.Errorf("%s, %s: %v", kind, name, err)
				}
				continue
			}
			f, ok := err.(*fault.Error)
			if !ok || f.Code != c.code || f.ExitStatus() != c.status || c.wraps != nil && !errors.Is(err, c.wraps) {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
			if c.code != "store-unreachable" && !strings.Contains(err.Error(), beta) {
				t.Errorf("%s, %s: %v does not name the wheel", kind, name, err)
			}
		}
	}
}

// A list that is not the tarball's is refused before anything is opened.
func TestWriteRefusesLists(t *testing.T) {
	t.Parallel()
	wheels := two()
	of := recipes(t, wheels)
	for name, c := range map[string]struct {
		recipe Recipe
		change func([]wheelhouse.File) []wheelhouse.File
		code   string
	}{
		"one is missing":     {of["gzip"], func(f []wheelhouse.File) []wheelhouse.File { return f[:1] }, "bad-recipe"},
		"another size":       {of["gzip"], func(f []wheelhouse.File) []wheelhouse.File { f[1].Size++; return f }, "bad-recipe"},
		"another sha256":     {of["gzip"], func(f []wheelhouse.File) []wheelhouse.File { f[1].SHA256 = f[0].SHA256; return f }, "bad-recipe"},
		"no sha256":          {of["ours"], func(f []wheelhouse.File) []wheelhouse.File { f[1].SHA256 = ""; return f }, "bad-recipe"},
		"no wheels":          {of["ours"], func(f []wheelhouse.File) []wheelhouse.File { return nil }, "no-wheels"},
		"the zero recipe":    {Recipe{}, func(f []wheelhouse.File) []wheelhouse.File { return f }, "bad-recipe"},
		"whole":              {Recipe{Encoder: Whole}, func(f []wheelhouse.File) []wheelhouse.File { return f }, "bad-recipe"},
		"made without parse": {Recipe{Encoder: "gzip-6", Frame: of["gzip"].Frame}, func(f []wheelhouse.File) []wheelhouse.File { return f }, "bad-recipe"},
	} {
		var b bytes.Buffer
		err := c.recipe.Write(t.Context(), &b, c.change(filesOf(wheels)), memoryOf(wheels))
		if fault.Code(err) != c.code || b.Len() > 0 {
			t.Errorf("%s: %v, and %d bytes", name, err, b.Len())
		}
	}
	// What the frame does not know does not harm.
	more := append(filesOf(wheels), wheelhouse.File{Name: "z-1-py3-none-any.whl", SHA256: sumOf(nil)})
	if err := of["gzip"].Write(t.Context(), io.Discard, more, memoryOf(wheels)); err != nil {
		t.Error(err)
	}
}

// breaking takes so many bytes, and then nothing.
type breaking struct {
	left int
	then func() error
}

func (w *breaking) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, w.then()
	}
	return len(p), nil
}

// An error of the writer is its own, a cancelled context's too, and no
// goroutine stays behind.
func TestWriteEnds(t *testing.T) {
	t.Parallel()
	wheels := two()
	broken := errors.New("broken")
	for kind, recipe := range recipes(t, wheels) {
		for _, left := range []int{0, 11, 50_000, 200_000} {
			err := recipe.Write(t.Context(), &breaking{left, func() error { return broken }}, filesOf(wheels), memoryOf(wheels))
			if err != broken {
				t.Errorf("%s, after %d bytes: %v", kind, left, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			err = recipe.Write(ctx, &cancelling{cancel}, filesOf(wheels), memoryOf(wheels))
			if !fault.Interrupted(err) {
				t.Errorf("%s, cancelled: %v", kind, err)
			}
		}
	}
}

// cancelling cancels at its first byte and takes everything.
type cancelling struct{ cancel func() }

func (w *cancelling) Write(p []byte) (int, error) { w.cancel(); return len(p), nil }

// large gives a wheel of n bytes that are not in memory.
type large struct{ n int64 }

func (l large) OpenWheel(context.Context, wheelhouse.File) (io.ReadCloser, error) {
	return io.NopCloser(io.LimitReader(zero{}, l.n)), nil
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Memory does not follow sizes. Not parallel: no other test allocates meanwhile.
func TestMemoryOfWrite(t *testing.T) {
	const size, most = 96 << 20, 16 << 20
	f := sampleFrame()
	f.encoder = deflate.Encoder{Family: deflate.Gzip, Level: 1}
	f.wheels = f.wheels[:1]
	f.wheels[0].size = size
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := f.write(t.Context(), io.Discard, []wheelhouse.File{{Name: "a", Size: size, SHA256: f.wheels[0].sha256}}, large{size})
	runtime.ReadMemStats(&after)
	if fault.Code(err) != "wheel-differs" {
		t.Error(err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > most {
		t.Errorf("%d bytes allocated for %d", got, size)
	}
}

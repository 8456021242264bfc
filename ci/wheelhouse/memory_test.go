package wheelhouse

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// allocated gives the bytes that do allocates. Its tests are not parallel, so
// that no other one allocates meanwhile.
func allocated(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

const (
	manyBytes  = 96 << 20
	fewerBytes = 24 << 20
)

func TestMemoryOfPackAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sparse-1-py3-none-any.whl")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, manyBytes); err != nil {
		t.Fatal(err)
	}
	sources, err := statWheels([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	n := allocated(func() {
		from, to := io.Pipe()
		go func() {
			_, err := packTo(context.Background(), to, sources, true, nil)
			to.CloseWithError(err)
		}()
		r := &reading{name: "t.tgz", limits: Limits{}.withDefaults(), chunkSize: chunkSize}
		if inv, err := r.run(context.Background(), from); err != nil || inv.Format != Format {
			t.Errorf("%+v, %v", inv, err)
		}
	})
	if n > fewerBytes {
		t.Errorf("%d bytes allocated for %d", n, manyBytes)
	}
}

func TestMemoryOfInflating(t *testing.T) {
	tarball := zerosWheel(t, manyBytes)
	n := allocated(func() {
		if _, err := readBytes(tarball, Limits{Ratio: 2000}, chunkSize); err != nil {
			t.Error(err)
		}
	})
	if n > fewerBytes {
		t.Errorf("%d bytes allocated for %d", n, manyBytes)
	}
}

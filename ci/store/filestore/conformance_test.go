package filestore

import (
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Driver{New: func(t *testing.T) store.Store { return open(t, "file:.wheelhouse-store", t.TempDir()) }})
}

func open(t *testing.T, url, root string) *Store {
	t.Helper()
	s, err := Open(url, root)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

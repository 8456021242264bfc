package s3store

import (
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Driver{
		New: func(t *testing.T) store.Store {
			f := newFake(t)
			f.modified = time.Now() // collecting compares the two clocks
			return f.open(t)
		},
		Many: 20 * pageSize,
	})
}

package releasestore_test

import (
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
)

// TestConformance holds the driver to what every store does, with the API's
// client between it and the server.
func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Driver{New: func(t *testing.T) store.Store {
		h := newHub(t)
		h.now = time.Now
		return h.store()
	}})
}

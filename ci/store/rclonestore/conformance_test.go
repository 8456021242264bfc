package rclonestore_test

import (
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/store"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/storetest"
)

// TestConformance holds the driver to what every store does.
func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Driver{Many: 40, Shared: true, New: func(t *testing.T) store.Store {
		s, _ := remote(t, "")
		return s
	}})
}

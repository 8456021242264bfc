package ocistore

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
			s := newFake(t).open(t)
			s.now = time.Now // collecting compares the two clocks
			return s
		},
		Many:       20 * pageSize,
		NamedAlone: true,
		Shared:     true,
	})
}

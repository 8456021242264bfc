package storetest

import (
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	Run(t, Driver{New: func(*testing.T) store.Store { return NewMemory(time.Now) }})
}

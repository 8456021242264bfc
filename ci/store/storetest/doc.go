// Package storetest holds what every driver of a store is tested with, and
// stores that lie. It is for tests alone.
//
// A driver's test gives Run an empty store of its own server for each test:
//
//	func TestConformance(t *testing.T) {
//		t.Parallel()
//		storetest.Run(t, storetest.Driver{New: func(t *testing.T) store.Store {
//			return open(t)
//		}})
//	}
//
// Run checks what store.Store promises, and that what Push stores comes back
// from there bit for bit.
//
// Memory is a store in memory, which keeps all promises. Lie wraps a store
// whose answers are wrong: objects lost, cut or with other bytes, success
// reported for nothing written, failures in the middle, a clock that goes
// wrong.
package storetest

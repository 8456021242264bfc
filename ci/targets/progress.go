package targets

import "github.com/wheelhouse-ci/wheelhouse/ci/report"

// progress shows the transfer of what is named so, and when all of it came that
// it is unpacked and checked. show is told how far it is, by one goroutine at a
// time; end takes away what is shown, however it went.
func (s *session) progress(what string) (show func(done, total int64), end func()) {
	var transfer *report.Transfer
	shown := func() {} // ends what is shown
	return func(done, total int64) {
		if transfer == nil {
			shown() // it starts over
			transfer = s.steps.Transfer(what)
			shown = transfer.End
		}
		transfer.Count(done, total)
		if done == total {
			transfer.End()
			transfer, shown = nil, s.steps.Step("unpacking and checking "+what)
		}
	}, func() { shown() }
}

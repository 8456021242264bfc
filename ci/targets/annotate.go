package targets

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"

	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// stepSummaryBytes is the most that GitHub takes of one step's summary.
const stepSummaryBytes = 1 << 20

// tellActions tells GitHub Actions what was found, where this runs in one of
// its jobs: annotations on stderr, and a table at the end of the file that
// GITHUB_STEP_SUMMARY names. That the file cannot be written to is said and
// changes nothing else.
func (s *session) tellActions(all []report.Validation) error {
	if inside, _ := s.getenv("GITHUB_ACTIONS"); inside != "true" {
		return nil
	}
	if err := report.Annotations(s.steps, all); err != nil {
		return err
	}
	path, _ := s.getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	if err := addSummary(path, all); err != nil {
		s.note("the job's summary is not written: %v", err)
	}
	return nil
}

// addSummary appends the summary to a file, which is made when absent.
func addSummary(path string, all []report.Validation) error {
	var text bytes.Buffer
	if err := report.Summary(&text, all); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		switch {
		case !info.Mode().IsRegular(): // opening a fifo would wait for a reader
			return &fs.PathError{Op: "write", Path: path, Err: fs.ErrInvalid}
		case info.Size()+int64(text.Len()) > stepSummaryBytes:
			return fmt.Errorf("%s holds %d bytes already, and GitHub takes %d", path, info.Size(), stepSummaryBytes)
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.Write(text.Bytes()); err != nil {
		_ = file.Close() // the error before is the one to tell
		return err
	}
	return file.Close()
}

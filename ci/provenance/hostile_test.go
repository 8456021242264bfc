//go:build unix

package provenance

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestNoPlainFiles puts a pipe, which who opens it waits at for ever, and a
// folder in the place of each file of a set, and one without an end.
func TestNoPlainFiles(t *testing.T) {
	t.Parallel()
	trust := Trust{Now: time.Unix(0, 0)}
	for _, suffix := range append([]string{""}, ".meta", verdictSuffix, SBOMSuffix, StatementSuffix, ChecksumsSuffix, SignatureSuffix, SumsSealedSuffix, BundleSuffix) {
		for what, put := range map[string]func(string) error{
			"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"folder": func(path string) error { return os.Mkdir(path, 0o700) },
			"large": func(path string) error {
				return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40))
			},
		} {
			if suffix == "" && what == "large" {
				continue // package wheelhouse bounds tarballs
			}
			path, _ := attested(t, false)
			if err := errors.Join(os.RemoveAll(path+suffix), put(path+suffix)); err != nil {
				t.Fatal(err)
			}
			checks, _, err := VerifyPapers(t.Context(), path, Expected{})
			signatures, err2 := VerifySignatures(t.Context(), path, trust)
			bundle, err3 := LookAtBundle(path, "")
			_, err4 := Checksums(t.Context(), path)
			all := append(append(checks, signatures...), bundle)
			unable := false
			for _, err := range []error{err, err2, err3, err4} {
				unable = unable || fault.Code(err) == "papers-unreadable" || fault.Code(err) == "tar-unreadable"
			}
			if what == "large" && err != nil {
				t.Errorf("a %s for %s is not judged: %v", what, filepath.Base(path)+suffix, err)
			}
			if !unable && len(Refused(all)) == 0 {
				t.Errorf("a %s for %s passes", what, filepath.Base(path)+suffix)
			}
		}
	}
}

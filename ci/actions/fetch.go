package actions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/atomicfile"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
)

// server is what fetching needs of one.
type server interface {
	api
	Place() Place
	Open(ctx context.Context, a Artifact, offset int64) (*http.Response, error)
}

// Fetcher fetches an artifact of a run into a folder.
type Fetcher struct {
	// Server is asked; a [Client].
	Server server
	Folder Folder
	// Want says which run; its empty Branch is the default branch, "*" any.
	Want Want
	// Artifact is its name.
	Artifact string
	Patience Patience
	// Clock is what waiting goes by; nil for the machine's own.
	Clock Clock
	// Note is told what is worth a line; nil for nobody.
	Note func(string)
	// Progress is told of the transfer, total -1 while unknown; nil for nobody.
	Progress func(done, total int64)
}

func (f Fetcher) withDefaults() Fetcher {
	if f.Clock == nil {
		f.Clock = System{}
	}
	if f.Note == nil {
		f.Note = func(string) {}
	}
	return f
}

// Fetch makes run-<run id>/ of the wanted run's artifact, whole or not at all.
// A folder that is there already and still verifies is left as it is.
//
// Codes: no-runs, no-good-run, run-refused, artifact-missing, artifact-expired,
// no-tarball, several-tarballs, name-taken, folder-taken, meta-mismatch,
// not-found (refused); timed-out, token-missing, token-refused, rate-limited,
// api-failed, api-unreachable, api-answer, fetch-failed (unable); and those of
// the transfer, of unpacking, and of reading a tarball.
func (f Fetcher) Fetch(ctx context.Context) (Made, error) {
	f = f.withDefaults()
	want := f.Want
	switch {
	case want.Branch == "*" || want.Run != 0 && want.Branch == "":
		want.Branch = ""
	case want.Branch == "":
		branch, err := f.Server.DefaultBranch(ctx)
		if err != nil {
			return Made{}, err
		}
		want.Branch = branch
	}
	run, passed, older, err := finder{f.Server, f.Clock, f.Note}.find(ctx, want, f.Patience)
	if err != nil {
		f.tell(passed)
		return Made{}, err
	}
	f.Note(fmt.Sprintf("run %d of %s, %s, by %s on %s", run.ID, f.Want.Workflow, run.CreatedAt.UTC().Format(time.RFC3339), run.Event, run.Branch))
	f.tell(passed)
	artifacts, err := f.Server.Artifacts(ctx, run.ID)
	if err != nil {
		return Made{}, err
	}
	artifact, err := Pick(artifacts, f.Artifact, run.ID)
	if fault.Code(err) == "artifact-expired" {
		return Made{}, f.olderOne(ctx, err, older, want)
	}
	if err != nil {
		return Made{}, err
	}
	id := strconv.FormatInt(run.ID, 10)
	old, err := f.Folder.ours(id)
	if err != nil {
		return Made{}, err
	}
	if old != nil && old.artifactID() == artifact.ID {
		whole, err := old.verify(ctx, f.Folder.path(id))
		if err != nil {
			return Made{}, failed("reading "+f.Folder.path(id), err)
		}
		if whole {
			return Made{Path: f.Folder.path(id), Record: *old, Unchanged: true}, nil
		}
		f.Note(f.Folder.path(id) + " is not as it was fetched; it is fetched again")
	}
	return f.bring(ctx, run, artifact)
}

// tell says which runs were passed over, and why.
func (f Fetcher) tell(passed []Passed) {
	const most = 10
	for i, p := range passed {
		if i == most {
			f.Note(fmt.Sprintf("and %d more were passed over", len(passed)-most))
			return
		}
		f.Note(fmt.Sprintf("passed over run %d: %s", p.Run.ID, p.Why))
	}
}

// olderOne says which older run still has the artifact that expired.
func (f Fetcher) olderOne(ctx context.Context, expired error, older []Run, want Want) error {
	const most = 5
	e, _ := fault.As(expired)
	for range most {
		d := Choose(older, want)
		if d.Take == nil {
			break
		}
		older = older[len(d.Passed)+1:]
		artifacts, err := f.Server.Artifacts(ctx, d.Take.ID)
		if err != nil {
			break // what is to be said is that it expired
		}
		if _, err := Pick(artifacts, f.Artifact, d.Take.ID); err == nil {
			return e.WithHint("run %d still has one: -run=%d; or start a new run", d.Take.ID, d.Take.ID)
		}
	}
	return e.WithHint("start a new run: no older one was found that still has it")
}

// FromTarball makes the folder of a tarball at hand, with what lies beside it
// under its name. The run is its record's, else local- and the start of its
// sha256. Codes: tar-missing, folder-taken, meta-mismatch (refused);
// fetch-failed (unable); and those of reading a tarball.
func (f Folder) FromTarball(ctx context.Context, tarball string, now time.Time) (Made, error) {
	if info, err := os.Stat(tarball); err != nil || !info.Mode().IsRegular() {
		return Made{}, fault.New(fault.Refused, "tar-missing", "no such tarball: %s", tarball)
	}
	staging, remove, err := f.stage()
	if err != nil {
		return Made{}, err
	}
	defer remove()
	content := filepath.Join(staging, "content")
	if err := os.Mkdir(content, 0o755); err != nil {
		return Made{}, failed("making "+content, err)
	}
	name := filepath.Base(tarball)
	for _, one := range []string{name, name + ".meta", name + ".verdict.json", lock.FileName(name)} {
		if err := copyFile(ctx, filepath.Join(filepath.Dir(tarball), one), filepath.Join(content, one)); err != nil && (one == name || !errors.Is(err, os.ErrNotExist)) {
			return Made{}, failed("copying "+one, err)
		}
	}
	f.Tarball = name
	return f.finish(ctx, content, staging, Record{}, now)
}

func copyFile(ctx context.Context, from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	return atomicfile.WriteFrom(to, io.Reader(reader{ctx, source}), 0o644)
}

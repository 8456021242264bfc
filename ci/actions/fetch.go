package actions

import (
	"context"
	"net/http"
	"strconv"
)

// server is what fetching needs of one.
type server interface {
	api
	Place() Place
	Open(ctx context.Context, a Artifact, offset int64) (*http.Response, error)
	Part(ctx context.Context, a Artifact, first, last int64, fresh bool) (*http.Response, error)
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
	// Whole transfers everything, so that the artifact's own digest can be
	// checked; else only what is not here already is transferred.
	Whole bool
	// Wheels are where wheels may lie already, beside the folders of earlier
	// runs; asked in this order.
	Wheels   []Wheels
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
	run, artifact, err := f.find(ctx, want)
	if err != nil {
		return Made{}, err
	}
	id := strconv.FormatInt(run.ID, 10)
	old, err := f.Folder.ours(id)
	if err != nil {
		return Made{}, err
	}
	if old != nil && old.artifactID() == artifact.ID && !(f.Whole && old.partial()) {
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

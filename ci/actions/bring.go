package actions

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions/internal/transfer"
	"github.com/wheelhouse-ci/wheelhouse/ci/actions/internal/unpack"
)

// bring transfers, unpacks and lays out an artifact.
func (f Fetcher) bring(ctx context.Context, run Run, a Artifact) (Made, error) {
	staging, remove, err := f.Folder.stage(ctx)
	if err != nil {
		return Made{}, err
	}
	defer remove()
	file := filepath.Join(staging, "artifact")
	size := a.Size
	if size <= 0 {
		size = -1
	}
	result, err := transfer.Download(ctx, func(ctx context.Context, offset int64) (*http.Response, error) {
		return f.Server.Open(ctx, a, offset)
	}, transfer.Options{Path: file, Size: size, SHA256: a.SHA256, Progress: f.Progress, Wait: f.Clock.Sleep})
	if err != nil {
		return Made{}, err
	}
	if !result.Verified {
		f.Note("unverified: the server names no digest for this artifact; only its size was compared")
	}
	content, err := f.unpack(ctx, staging, file, a)
	if err != nil {
		return Made{}, err
	}
	place := f.Server.Place()
	return f.Folder.finish(ctx, content, staging, Record{
		Repository: place.Repository.String(), Workflow: f.Want.Workflow,
		Run: strconv.FormatInt(run.ID, 10), Attempt: run.Attempt, Branch: run.Branch, Event: run.Event,
		Commit: run.Commit, CreatedAt: run.CreatedAt.UTC(),
		Artifact: &Transferred{
			ID: a.ID, Name: a.Name, URL: fmt.Sprintf("%srepos/%s/%s/actions/artifacts/%d", place.API, place.Repository.Owner, place.Repository.Name, a.ID),
			SHA256: result.SHA256, Size: result.Size, Verified: result.Verified, CreatedAt: a.CreatedAt.UTC(),
		},
	}, f.Clock.Now())
}

// unpack gives a folder with what the artifact holds: the files of a zip, of
// the zip in a zip, or the file that it is.
func (f Fetcher) unpack(ctx context.Context, staging, file string, a Artifact) (string, error) {
	content := filepath.Join(staging, "content")
	zip, err := unpack.IsZip(file)
	if err != nil {
		return "", failed("reading the artifact", err)
	}
	if !zip {
		name := a.Name
		if !validName(name) {
			name = "wheelhouse"
		}
		if !strings.HasSuffix(name, ".tgz") {
			name += ".tgz"
		}
		if err := os.Mkdir(content, 0o755); err != nil {
			return "", failed("making "+content, err)
		}
		return content, orNil("laying out the artifact", os.Rename(file, filepath.Join(content, name)))
	}
	l := f.Folder.Limits // an artifact holds a tarball and what goes with it
	if err := unpack.Zip(ctx, file, content, unpack.Limits{Members: l.Members, MemberBytes: l.MemberBytes, TotalBytes: l.TotalBytes, Ratio: l.Ratio}); err != nil {
		return "", err
	}
	if err := os.Remove(file); err != nil {
		return "", failed("removing the artifact, which is unpacked", err)
	}
	return content, nil
}

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

// Names in the folder that is worked in.
const (
	contentDir = "content" // what becomes the run's folder
	wheelsDir  = "wheels"  // what a tarball is made of
)

// bring transfers, unpacks and lays out an artifact.
func (f Fetcher) bring(ctx context.Context, run Run, a Artifact) (Made, error) {
	staging, remove, err := f.Folder.stage(ctx)
	if err != nil {
		return Made{}, err
	}
	defer remove()
	content, received, err := f.contentOf(ctx, staging, a)
	if err != nil {
		return Made{}, err
	}
	place := f.Server.Place()
	received.ID, received.Name, received.CreatedAt = a.ID, a.Name, a.CreatedAt.UTC()
	received.URL = fmt.Sprintf("%srepos/%s/%s/actions/artifacts/%d", place.API, place.Repository.Owner, place.Repository.Name, a.ID)
	return f.Folder.finish(ctx, content, staging, Record{
		Repository: place.Repository.String(), Workflow: f.Want.Workflow,
		Run: strconv.FormatInt(run.ID, 10), Attempt: run.Attempt, Branch: run.Branch, Event: run.Event,
		Commit: run.Commit, CreatedAt: run.CreatedAt.UTC(), Artifact: &received,
	}, f.Clock.Now())
}

// contentOf transfers an artifact, in part where that does and whole where it
// does not, and gives a folder with what it holds.
func (f Fetcher) contentOf(ctx context.Context, staging string, a Artifact) (string, Transferred, error) {
	wasted := int64(0)
	if !f.Whole {
		content, received, err := f.changed(ctx, staging, a)
		if err == nil {
			return content, Transferred{Size: a.Size, Received: received}, nil
		}
		why, ok := fallBack(err)
		if !ok {
			return "", Transferred{}, err
		}
		if why != "" {
			f.Note("transferring the whole artifact: " + why)
		}
		wasted = received
		for _, name := range []string{contentDir, wheelsDir} {
			if err := os.RemoveAll(filepath.Join(staging, name)); err != nil {
				return "", Transferred{}, failed("removing what was begun", err)
			}
		}
	}
	content, t, err := f.whole(ctx, staging, a)
	t.Received += wasted
	return content, t, err
}

// whole transfers and unpacks all of an artifact.
func (f Fetcher) whole(ctx context.Context, staging string, a Artifact) (string, Transferred, error) {
	file := filepath.Join(staging, "artifact")
	size := a.Size
	if size <= 0 {
		size = -1
	}
	result, err := transfer.Download(ctx, func(ctx context.Context, offset int64) (*http.Response, error) {
		return f.Server.Open(ctx, a, offset)
	}, transfer.Options{Path: file, Size: size, SHA256: a.SHA256, Progress: f.Progress, Wait: f.Clock.Sleep})
	if err != nil {
		return "", Transferred{}, err
	}
	if !result.Verified {
		f.Note("unverified: the server names no digest for this artifact; only its size was compared")
	}
	content, err := f.unpack(ctx, staging, file, a)
	return content, Transferred{SHA256: result.SHA256, Size: result.Size, Received: result.Transferred, Verified: result.Verified}, err
}

// unpack gives a folder with what the artifact holds: the files of a zip, of
// the zip in a zip, or the file that it is.
func (f Fetcher) unpack(ctx context.Context, staging, file string, a Artifact) (string, error) {
	content := filepath.Join(staging, contentDir)
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

package actions

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// RecordName is the name of the file that says what a folder was made of.
const RecordName = "fetch.json"

// Record is fetch.json: where the folder beside it came from, and what is in it.
type Record struct {
	// Version of this format: 1.
	Version int `json:"version"`
	// Repository is OWNER/REPO, with its host in front where that is not
	// github.com; empty for a tarball at hand.
	Repository string `json:"repository,omitempty"`
	Workflow   string `json:"workflow,omitempty"`
	// Run is the run's id as the folder's name has it.
	Run       string    `json:"run"`
	Attempt   int       `json:"run_attempt,omitempty"`
	Branch    string    `json:"branch,omitempty"`
	Event     string    `json:"event,omitempty"`
	Commit    string    `json:"commit,omitempty"`
	CreatedAt time.Time `json:"run_created_at,omitzero"`
	// Artifact is what was transferred; nil for a tarball at hand.
	Artifact *Transferred `json:"artifact,omitempty"`
	// Tarball is its base name, SHA256 and Size its own.
	Tarball string `json:"tarball"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	// FetchedAt is when the folder was made, UTC, in whole seconds.
	FetchedAt time.Time `json:"fetched_at"`
	// Files are all files of the folder but this one, sorted by path.
	Files []File `json:"files"`
}

// Transferred is an artifact that was transferred.
type Transferred struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// URL is its address in the API, without a query.
	URL string `json:"url"`
	// SHA256 and Size are its own. SHA256 is empty where not all of it was
	// transferred, and Size is then what the server says.
	SHA256 string `json:"sha256,omitempty"`
	Size   int64  `json:"size"`
	// Received is how many of its bytes were transferred, those that came twice
	// included; 0 in records of before.
	Received int64 `json:"received,omitempty"`
	// Verified tells that the server named that sha256.
	Verified  bool      `json:"verified"`
	CreatedAt time.Time `json:"created_at,omitzero"`
}

// File is one file of a folder.
type File struct {
	// Path below the folder, with slashes.
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// errNotOurs says that a folder has no record of ours.
var errNotOurs = errors.New("it has no " + RecordName + " of ours")

// maxRecord bounds fetch.json: 100,000 files with names of 255 bytes fit.
const maxRecord = 64 << 20

// readRecord reads the record of a folder. Without one the error is errNotOurs.
func readRecord(dir string) (Record, error) {
	var r Record
	f, err := os.Open(filepath.Join(dir, RecordName))
	if errors.Is(err, fs.ErrNotExist) {
		return r, errNotOurs
	}
	if err != nil {
		return r, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return r, err
	}
	if json.Unmarshal(data, &r) != nil || r.Version != 1 || r.Tarball == "" {
		return Record{}, errNotOurs
	}
	return r, nil
}

// verify tells whether every file of the record is in the folder, to the byte.
func (r Record) verify(ctx context.Context, dir string) (bool, error) {
	for _, want := range r.Files {
		path := filepath.FromSlash(want.Path)
		if !filepath.IsLocal(path) {
			return false, nil
		}
		info, err := os.Lstat(filepath.Join(dir, path))
		if err != nil || !info.Mode().IsRegular() || info.Size() != want.Size {
			return false, nil
		}
		sum, err := digest(ctx, filepath.Join(dir, path))
		if err != nil {
			return false, err
		}
		if sum != want.SHA256 {
			return false, nil
		}
	}
	return len(r.Files) > 0, nil
}

// inventory lists the files of a folder, sorted by path. Those in known, by
// path, were hashed as they were written, and are not read again.
func inventory(ctx context.Context, dir string, known map[string]File) ([]File, error) {
	var files []File
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		file := File{Path: filepath.ToSlash(rel), Size: info.Size()}
		if k, ok := known[file.Path]; ok && k.Size == file.Size {
			file.SHA256 = k.SHA256
		} else if file.SHA256, err = digest(ctx, path); err != nil {
			return err
		}
		files = append(files, file)
		return nil
	})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, err
}

// hashed are the files of a run's folder whose digests came out of reading the
// tarball: itself, and its wheels as they were laid out.
func hashed(inv *wheelhouse.Inventory) map[string]File {
	known := map[string]File{inv.Name: {Size: inv.Size, SHA256: inv.SHA256}}
	for _, w := range inv.Wheels {
		known[extractDir+"/"+w.Name] = File{Size: w.Size, SHA256: w.SHA256}
	}
	return known
}

// digest hashes a file.
func digest(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{reader{ctx, f}}, make([]byte, 256<<10)); err != nil {
		return "", fmt.Errorf("hashing %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

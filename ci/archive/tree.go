package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tree is what is staged, as a file system: the tarball, read from where it
// lies and hashed meanwhile, and the texts beside it. So one copy of one tree
// brings in all of it or fails.
type tree struct {
	// texts by their paths, with slashes.
	texts map[string][]byte
	// tarball's name in the tree (empty: none is staged) and where it lies.
	tarball, source string
	// sum is the tarball's, once it was read to its end.
	sum hash.Hash
	// size is how many of its bytes were read.
	size int64
}

// newTree gives a tree without a tarball.
func newTree() *tree { return &tree{texts: map[string][]byte{}, sum: sha256.New()} }

// sha256 of the tarball, lower-case hex.
func (t *tree) sha256() string { return hex.EncodeToString(t.sum.Sum(nil)) }

// Open opens a file, or a folder to be listed.
func (t *tree) Open(name string) (fs.File, error) {
	name = filepath.ToSlash(name)
	if name == t.tarball && name != "" {
		f, err := os.Open(t.source)
		if err != nil {
			return nil, unreadable(t.source, err)
		}
		return &hashed{File: f, tree: t}, nil
	}
	if data, ok := t.texts[name]; ok {
		return &opened{Reader: bytes.NewReader(data), item: item{name: path.Base(name), size: int64(len(data))}}, nil
	}
	if names := t.list(name); len(names) > 0 {
		return &opened{Reader: bytes.NewReader(nil), item: item{name: path.Base(name), dir: true}}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
}

// ReadDir lists a folder of the tree, sorted.
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	return t.list(filepath.ToSlash(name)), nil
}

// list gives what lies directly in a folder; nothing when there is no such.
func (t *tree) list(dir string) []fs.DirEntry {
	items := map[string]item{}
	add := func(name string, size int64) {
		rest := name
		if dir != "." {
			var below bool
			if rest, below = strings.CutPrefix(name, dir+"/"); !below {
				return
			}
		}
		first, _, deeper := strings.Cut(rest, "/")
		items[first] = item{name: first, size: size, dir: deeper}
	}
	for name, data := range t.texts {
		add(name, int64(len(data)))
	}
	if t.tarball != "" {
		add(t.tarball, 0)
	}
	var list []fs.DirEntry
	for _, i := range items {
		list = append(list, fs.FileInfoToDirEntry(i))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list
}

// names gives what lies at the top of the tree.
func (t *tree) names() []string {
	var names []string
	for _, d := range t.list(".") {
		names = append(names, d.Name())
	}
	return names
}

// hashed is the tarball while it is copied.
type hashed struct {
	*os.File
	tree *tree
}

// Read hashes what it reads.
func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.File.Read(p)
	h.tree.sum.Write(p[:n])
	h.tree.size += int64(n)
	if err != nil && err != io.EOF {
		err = unreadable(h.tree.source, err)
	}
	return n, err
}

// opened is a text that is read, or a folder.
type opened struct {
	*bytes.Reader
	item item
}

func (o *opened) Stat() (fs.FileInfo, error) { return o.item, nil }
func (o *opened) Close() error               { return nil }

// item describes a file or folder of the tree.
type item struct {
	name string
	size int64
	dir  bool
}

func (i item) Name() string       { return i.name }
func (i item) Size() int64        { return i.size }
func (i item) ModTime() time.Time { return time.Time{} }
func (i item) IsDir() bool        { return i.dir }
func (i item) Sys() any           { return nil }

// Mode is that of new files and folders, before the person's umask.
func (i item) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

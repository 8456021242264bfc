// Package atomicfile makes files appear under their final names complete and
// fsynced, or not at all, and holds kernel locks.
package atomicfile

import (
	"context"
	"io"
	"io/fs"
	"os"
)

// File is a file being written beside its final name.
type File struct {
	*os.File
}

// Create makes a temporary file in path's folder (".<base>.<random>.tmp").
func Create(path string, mode fs.FileMode) (*File, error) { panic("todo") }

// Commit fsyncs, closes, renames onto the final name and fsyncs the folder.
func (f *File) Commit() error { panic("todo") }

// CommitNew is Commit, but fails with fs.ErrExist when the final name exists.
func (f *File) CommitNew() error { panic("todo") }

// Cleanup removes the temporary file unless it was committed; call it deferred.
func (f *File) Cleanup() { panic("todo") }

// Write writes data to path: Create, Write, Commit.
func Write(path string, data []byte, mode fs.FileMode) error { panic("todo") }

// WriteFrom is Write from a reader.
func WriteFrom(path string, r io.Reader, mode fs.FileMode) error { panic("todo") }

// SyncDir fsyncs a folder, so that names in it survive a power cut. On systems
// that cannot, it does nothing.
func SyncDir(dir string) error { panic("todo") }

// SyncTree fsyncs every file and folder under dir, dir included.
func SyncTree(dir string) error { panic("todo") }

// Lock takes the kernel's exclusive lock on path, which is made when absent,
// waiting until ctx ends. The kernel frees it with the process, so that nobody
// ever unlocks by hand; the file itself is never removed.
func Lock(ctx context.Context, path string) (unlock func(), err error) { panic("todo") }

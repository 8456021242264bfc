package validate

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// What all wheels together may ask of the interpreter's packaging. Real
// wheelhouses of hundreds of wheels have a few thousand lines, under a
// megabyte.
const (
	requirementLines = 200_000
	requirementBytes = 16 << 20
)

// opener opens a wheel by its file name: its bytes, how many there are, and
// what closes them.
type opener func(file string) (io.ReaderAt, int64, io.Closer, error)

// inFolder opens wheels that lie in a folder.
func inFolder(dir string) opener {
	return func(name string) (io.ReaderAt, int64, io.Closer, error) {
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return nil, 0, nil, err
		}
		info, err := file.Stat()
		if err != nil {
			file.Close()
			return nil, 0, nil, err
		}
		return file, info.Size(), file, nil
	}
}

// inTarball opens wheels where they lie in a tarball of ours, whose wheels
// these are; nothing is extracted. The tarball stays open until its owner
// closes it.
func inTarball(tarball io.ReaderAt, wheels []wheelhouse.File) (opener, error) {
	spans, _, err := wheelhouse.Layout(wheels)
	if err != nil {
		return nil, err
	}
	at := make(map[string]wheelhouse.Span, len(spans))
	for _, span := range spans {
		at[span.Name] = span
	}
	sizes := make(map[string]int64, len(wheels))
	for _, w := range wheels {
		sizes[w.Name] = w.Size
	}
	return func(name string) (io.ReaderAt, int64, io.Closer, error) {
		span, ok := at[name]
		if !ok {
			return nil, 0, nil, os.ErrNotExist
		}
		return wheelhouse.Section(tarball, span, sizes[name]), sizes[name], io.NopCloser(nil), nil
	}, nil
}

// inspect reads every wheel's directory, METADATA and WHEEL. What is wrong with
// them is found; a wheel whose METADATA cannot be read stands in the map by its
// name alone, so that it is not reported as missing as well.
func inspect(ctx context.Context, open opener, files []wheelhouse.File, limits wheel.Limits) (map[string]wheel.Contents, []finding.Finding, error) {
	read := make([]wheel.Contents, len(files))
	errs := make([]error, len(files))
	var lines, bytes atomic.Int64
	each(ctx, len(files), func(i int) {
		c, err := inspectOne(open, files[i].Name, limits)
		if lines.Add(int64(len(c.RequiresDist))) > requirementLines || bytes.Add(textBytes(c)) > requirementBytes {
			c = wheel.Contents{Troubles: append(c.Troubles, errTooMuch)}
		}
		read[i], errs[i] = c, err
	})
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	contents := make(map[string]wheel.Contents, len(files))
	var found []finding.Finding
	for i, file := range files {
		if errs[i] != nil {
			return nil, nil, errs[i]
		}
		c := read[i]
		for _, trouble := range c.Troubles {
			found = append(found, failure(trouble, file.Name))
		}
		if name, err := wheel.ParseName(file.Name); err != nil {
			found = append(found, failure(err, file.Name))
		} else if c.Name == "" {
			c.Metadata = wheel.Metadata{Name: name.Project, Version: name.Version}
		}
		contents[file.Name] = c
	}
	return contents, found, nil
}

func inspectOne(open opener, file string, limits wheel.Limits) (wheel.Contents, error) {
	r, size, closer, err := open(file)
	if err != nil {
		return wheel.Contents{}, err
	}
	defer closer.Close() // read only: nothing to lose
	return wheel.Inspect(r, size, limits), nil
}

// each calls do with 0 to n-1, on all cores, until ctx is done.
func each(ctx context.Context, n int, do func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && ctx.Err() == nil; i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	group.Wait()
}

// textBytes is what of a wheel's METADATA and WHEEL is kept in memory.
func textBytes(c wheel.Contents) int64 {
	n := len(c.Name) + len(c.Version) + len(c.RequiresPython)
	for _, texts := range [][]string{c.RequiresDist, c.ProvidesExtra, c.Tags} {
		for _, text := range texts {
			n += len(text)
		}
	}
	return int64(n)
}

// metadata gives the METADATA of every wheel, by file name.
func metadata(contents map[string]wheel.Contents) map[string]wheel.Metadata {
	of := make(map[string]wheel.Metadata, len(contents))
	for file, c := range contents {
		of[file] = c.Metadata
	}
	return of
}

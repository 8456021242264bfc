package validate

import (
	"context"
	"fmt"
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

// inspect reads every wheel's METADATA from the folder they were extracted to.
// A wheel whose METADATA cannot be read is a finding and stands in the map by
// its name alone, so that it is not reported as missing as well.
func inspect(ctx context.Context, dir string, files []wheelhouse.File) (map[string]wheel.Metadata, []finding.Finding, error) {
	read := make([]wheel.Metadata, len(files))
	errs := make([]error, len(files))
	var next, lines, bytes atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := next.Add(1) - 1; i < int64(len(files)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				m, err := readMetadata(filepath.Join(dir, files[i].Name))
				if err == nil && (lines.Add(int64(len(m.RequiresDist))) > requirementLines || bytes.Add(textBytes(m)) > requirementBytes) {
					m, err = wheel.Metadata{}, errTooMuch
				}
				read[i], errs[i] = m, err
			}
		}()
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	metadata := make(map[string]wheel.Metadata, len(files))
	var found []finding.Finding
	for i, file := range files {
		m := read[i]
		if errs[i] != nil {
			found = append(found, failure(errs[i], file.Name))
			name, err := wheel.ParseName(file.Name)
			if err != nil {
				found = append(found, failure(err, file.Name))
				continue
			}
			m = wheel.Metadata{Name: name.Project, Version: name.Version}
		}
		metadata[file.Name] = m
	}
	return metadata, found, nil
}

func readMetadata(path string) (wheel.Metadata, error) {
	file, err := os.Open(path)
	if err != nil {
		return wheel.Metadata{}, err
	}
	defer file.Close() // read only: nothing to lose
	info, err := file.Stat()
	if err != nil {
		return wheel.Metadata{}, err
	}
	return wheel.ReadMetadata(file, info.Size(), wheel.Limits{})
}

// textBytes is what of a wheel's METADATA is kept in memory.
func textBytes(m wheel.Metadata) int64 {
	n := len(m.Name) + len(m.Version) + len(m.RequiresPython)
	for _, text := range m.RequiresDist {
		n += len(text)
	}
	for _, text := range m.ProvidesExtra {
		n += len(text)
	}
	return int64(n)
}

// notNeeded tells of wheels that no root reaches.
func notNeeded(tarball string, files []wheelhouse.File, reached []Reached) []finding.Finding {
	needed := map[string]bool{}
	for _, r := range reached {
		needed[r.File] = true
	}
	var rest []string
	for _, file := range files {
		if !needed[file.Name] {
			rest = append(rest, file.Name)
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return []finding.Finding{{
		Code: "not-needed", Severity: finding.Info, Subject: tarball,
		Message: fmt.Sprintf("%s that nothing asks for, not installed: %s", count(len(rest), "wheel"), listed(rest)),
	}}
}

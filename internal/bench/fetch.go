package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// The goals of fetching.
const (
	fetchTimes  = 1.3  // of curl's time
	fetchMemory = 60e6 // whatever the artifact's size
	fetchCalls  = 4    // of the API, when the token is known and the run over
	brokenTimes = 1.05 // of the file's bytes, over a connection as below

	brokenAfter   = 20_000_000
	brokenLatency = 100 * time.Millisecond
)

// fetch measures fetching an artifact of 500 MB from a server on loopback.
func (m *meter) fetch(ctx context.Context) ([]line, error) {
	dir, err := m.folder("fetch")
	if err != nil {
		return nil, err
	}
	path, err := m.artifact(ctx, dir, "9", 0)
	if err != nil {
		return nil, err
	}
	artifact, err := host(9, path)
	if err != nil {
		return nil, err
	}
	server, err := serve(artifact)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	lines, err := m.fetchWhole(ctx, dir, server, artifact)
	if err != nil {
		return nil, err
	}
	more, err := m.fetchBroken(ctx, dir, server, artifact)
	if err != nil {
		return nil, err
	}
	return append(lines, more...), os.RemoveAll(dir)
}

// host gives an artifact's size and hash.
func host(run int, path string) (hosted, error) {
	file, err := os.Open(path)
	if err != nil {
		return hosted{}, noArtifact(err)
	}
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	if err != nil {
		return hosted{}, noArtifact(err)
	}
	return hosted{run: run, path: path, size: size, sha256: hex.EncodeToString(hash.Sum(nil))}, nil
}

// fetchWhole measures the command and its transfer alone beside curl, which
// neither hashes nor syncs, and the command beside all that a person would run
// to have the same.
func (m *meter) fetchWhole(ctx context.Context, dir string, server *hub, a hosted) ([]line, error) {
	alone, err := m.transferBinary(ctx, dir)
	if err != nil {
		return nil, err
	}
	address := server.address + "/blob/" + strconv.Itoa(a.run)
	byHand, fetched := filepath.Join(dir, "by-hand"), filepath.Join(dir, "fetched")
	fresh := func() error {
		for _, old := range []string{byHand, fetched} {
			if err := os.RemoveAll(old); err != nil {
				return err
			}
		}
		return os.Mkdir(byHand, 0o755)
	}
	curl := process{args: []string{"curl", "--silent", "--fail", "-O", address}, dir: byHand}
	file := filepath.Join(byHand, strconv.Itoa(a.run))
	tarball := filepath.Join(byHand, "docs", "ci-archive", "20300101-9", m.tarballName())
	raced, err := race(ctx,
		contender{name: "fetch", prepare: fresh, run: processes(m.fetching(server, fetched))},
		contender{name: "the transfer alone", prepare: fresh, run: processes(process{
			args: []string{alone, "-test.run=^$", "-test.bench=^BenchmarkAddress$", "-test.benchtime=1x"}, dir: byHand,
			env: append(os.Environ(), "TRANSFER_ADDRESS="+address, "TRANSFER_SHA256="+a.sha256, "TRANSFER_TO="+file),
		})},
		contender{name: "curl", prepare: fresh, run: processes(curl)},
		contender{name: "curl and the rest by hand", prepare: fresh, run: processes(curl,
			process{args: []string{"sha256sum", file}},
			process{args: []string{m.python.Path, "-m", "zipfile", "-e", file, byHand}},
			process{args: []string{"sha256sum", tarball}},
			process{args: []string{"tar", "-xzf", tarball, "-C", byHand}},
		)},
	)
	if err != nil {
		return nil, err
	}
	calls, err := m.fetchCallsOf(ctx, server, fresh, fetched)
	if err != nil {
		return nil, err
	}
	return []line{
		within("its transfer alone, hashed and synced", raced[1], "`curl -O`", raced[2], fetchTimes),
		within("fetch: transferred, unpacked, every wheel verified and laid out", raced[0], "`curl -O`", raced[2], fetchTimes),
		faster("fetch", raced[0], "`curl -O`, `sha256sum`, `python -m zipfile -e`, `sha256sum`, `tar -xzf`", raced[3], 1),
		memory("fetch", raced[0], fetchMemory),
		memory("its transfer alone", raced[1], fetchMemory),
		atMost("fetch, calls of the API", calls, fetchCalls),
	}, nil
}

// fetching is the command, into a folder.
func (m *meter) fetching(server *hub, to string) process {
	return m.ours([]string{"GITHUB_API_URL=" + server.address, "GH_TOKEN=none", "NO_PROXY=127.0.0.1"},
		"fetch", "-repo=o/r", "-artifact=wheels", "-outdir="+to)
}

// fetchCallsOf counts the calls of one fetch.
func (m *meter) fetchCallsOf(ctx context.Context, server *hub, fresh func() error, to string) (int64, error) {
	if err := fresh(); err != nil {
		return 0, fault.New(fault.Unable, "bench-failed", "preparing fetch: %w", err)
	}
	server.count()
	if _, err := m.fetching(server, to).run(ctx); err != nil {
		return 0, err
	}
	return server.calls.Load(), os.RemoveAll(to)
}

// fetchBroken measures how many bytes travel over a connection that breaks
// again and again.
func (m *meter) fetchBroken(ctx context.Context, dir string, server *hub, a hosted) ([]line, error) {
	server.count()
	server.latency.Store(int64(brokenLatency))
	server.cut.Store(brokenAfter)
	defer server.latency.Store(0)
	defer server.cut.Store(0)
	to := filepath.Join(dir, "broken")
	start := time.Now()
	peak, err := m.fetching(server, to).run(ctx)
	if err != nil {
		return nil, err
	}
	took := figures{times: []time.Duration{time.Since(start)}, peak: peak}
	what := fmt.Sprintf("fetch, %s latency, cut every %s", brokenLatency, megabytes(brokenAfter))
	return []line{
		larger(what+": bytes sent", server.sent.Load(), "the file", a.size, brokenTimes),
		memory(what, took, fetchMemory),
	}, os.RemoveAll(to)
}

// transferBinary compiles the transfer's own benchmark, which is a process of
// the transfer and nothing else.
func (m *meter) transferBinary(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "transfer.test")
	root := filepath.Dir(filepath.Dir(m.binary.path))
	_, err := process{args: []string{"go", "test", "-c", "-o", path, "./ci/actions/internal/transfer"}, dir: root}.run(ctx)
	return path, err
}

package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// nightWheel is a wheel of a night. Its bytes follow from it.
type nightWheel struct {
	project, version int
	size             int64
}

func (w nightWheel) seed() [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d %d %d %d", yearSeed, w.project, w.version, w.size))
}

// plan gives the wheels of each night: the first has new ones, and in each that
// follows none to four change, two on average; in the last it is two. Sizes are
// spread as real ones are, a few large and many small, around the mean.
func plan(nights int, mean int64) [][]nightWheel {
	random := rand.New(rand.NewPCG(yearSeed, 0))
	set := make([]nightWheel, yearWheels)
	var total float64
	spread := make([]float64, yearWheels)
	for i := range spread {
		spread[i] = min(math.Exp(1.2*random.NormFloat64()), 12)
		total += spread[i]
	}
	for i := range set {
		set[i] = nightWheel{i, 0, max(int64(spread[i]/total*yearWheels*float64(mean)), 1000)}
	}
	all := [][]nightWheel{set}
	for night := 1; night < nights; night++ {
		set = append([]nightWheel(nil), set...)
		changes := random.IntN(5)
		if night == nights-1 {
			changes = 2
		}
		for _, i := range random.Perm(yearWheels)[:changes] {
			set[i].version = night
		}
		all = append(all, set)
	}
	return all
}

// distinct gives the bytes of all wheels, each once; its argument are files
// already, so it is told their sizes.
func distinct(nights [][]nightWheel, sizeOf map[nightWheel]int64) int64 {
	var bytes int64
	seen := map[nightWheel]bool{}
	for _, set := range nights {
		for _, w := range set {
			if !seen[w] {
				seen[w] = true
				bytes += sizeOf[w]
			}
		}
	}
	return bytes
}

// series is a row of nights in one archive and one store.
type series struct {
	*meter
	dir     string // a folder of its own
	gzipped bool   // made by GNU tar and gzip
	have    []nightWheel
	sizes   map[nightWheel]int64
	// tarballs are what was archived: name, sha256 and size, a night each.
	tarballs []madeTarball
}

type madeTarball struct {
	path   string // below the archive
	sha256 string
	size   int64
}

func (m *meter) series(name string, gzipped bool) (*series, error) {
	dir, err := m.folder(name)
	return &series{meter: m, dir: dir, gzipped: gzipped, sizes: map[nightWheel]int64{}}, err
}

func (s *series) store() string   { return filepath.Join(s.dir, "store") }
func (s *series) archive() string { return filepath.Join(s.dir, "archive") }

// wheels is the folder of a night's wheels; tar finds them under .wheelhouse.
func (s *series) wheels() string { return filepath.Join(s.dir, "wheels", ".wheelhouse") }

// settings name the archive and the store.
func (s *series) settings() []string {
	return []string{"WHEELHOUSE_ARCHIVE_DIR=" + s.archive(), "WHEELHOUSE_STORE_URL=file:" + s.store(), "CI="}
}

// pruneYoungest is prune that keeps the newest alone.
var pruneYoungest = []string{"prune", "-keepLast=1", "-keepWithin=0", "-keepProven=false"}

// night makes a night's tarball and archives it, and with prune prunes the one
// before; the tarball that was made stays in the folder given back.
func (s *series) night(ctx context.Context, n int, set []nightWheel, prune bool) (tarball string, err error) {
	if err := s.lay(set); err != nil {
		return "", noArchive(err)
	}
	out := filepath.Join(s.dir, "out", strconv.Itoa(n))
	tarball = filepath.Join(out, "wheelhouse-3.11.tgz")
	args := []string{"build", "-wheels=" + s.wheels(), "-out=" + out}
	if s.gzipped {
		if err := os.MkdirAll(out, 0o755); err != nil {
			return "", noArchive(err)
		}
		made := process{args: []string{"tar", "-czf", tarball, "-C", filepath.Dir(s.wheels()), ".wheelhouse"}}
		if _, err := made.run(ctx); err != nil {
			return "", err
		}
		args = nil
	}
	day := time.Date(2020, 1, 1, 2, 0, 0, 0, time.UTC).AddDate(0, 0, n)
	args = append(args, "meta", "-tar="+tarball, "-createdAt="+day.Format(time.RFC3339),
		"archive", "-tar="+tarball, "-run="+strconv.Itoa(n+1))
	if prune {
		args = append(args, pruneYoungest...)
	}
	settings := append(s.settings(), "WHEELHOUSE_NAME=wheelhouse-3.11")
	if _, err := s.ours(settings, args...).run(ctx); err != nil {
		return "", err
	}
	sum, size, err := hashOf(tarball)
	s.tarballs = append(s.tarballs, madeTarball{filepath.Join(day.Format("20060102")+"-"+strconv.Itoa(n+1), filepath.Base(tarball)), sum, size})
	return tarball, err
}

// nights makes one night after the other.
func (s *series) nights(ctx context.Context, nights [][]nightWheel) error {
	for n, set := range nights {
		if n%30 == 0 {
			fmt.Fprintf(s.progress, "bench: night %d of %d\n", n+1, len(nights))
		}
		if _, err := s.night(ctx, n, set, true); err != nil {
			return err
		}
		if err := os.RemoveAll(filepath.Join(s.dir, "out")); err != nil {
			return noArchive(err)
		}
	}
	_, err := s.ours(s.settings(), "push", "latest").run(ctx)
	return err
}

// lay puts a night's wheels into their folder.
func (s *series) lay(set []nightWheel) error {
	if err := os.MkdirAll(s.wheels(), 0o755); err != nil {
		return err
	}
	for i, w := range set {
		name := func(w nightWheel) (project, version string) {
			return fmt.Sprintf("project_%02d", w.project), "1." + strconv.Itoa(w.version)
		}
		if i < len(s.have) {
			if s.have[i] == w {
				continue
			}
			project, version := name(s.have[i])
			if err := os.Remove(filepath.Join(s.wheels(), wheelName(project, version))); err != nil {
				return err
			}
		}
		project, version := name(w)
		if err := writeWheel(s.wheels(), project, version, w.seed(), w.size); err != nil {
			return err
		}
		info, err := os.Stat(filepath.Join(s.wheels(), wheelName(project, version)))
		if err != nil {
			return err
		}
		s.sizes[w] = info.Size()
	}
	s.have = set
	return nil
}

// restored brings all back into an archive that has nothing, from the store
// alone, and counts those that have the bytes that were archived.
func (s *series) restored(ctx context.Context) (archive string, right int64, err error) {
	archive = filepath.Join(s.dir, "restored")
	settings := []string{"WHEELHOUSE_ARCHIVE_DIR=" + archive, "CI="}
	if _, err := s.ours(settings, "restore", "all", "-from=file:"+s.store()).run(ctx); err != nil {
		return "", 0, err
	}
	for _, t := range s.tarballs {
		sum, _, err := hashOf(filepath.Join(archive, t.path))
		if err != nil && !os.IsNotExist(err) {
			return "", 0, noArchive(err)
		}
		if sum == t.sha256 {
			right++
		}
	}
	return archive, right, nil
}

// bytes of all tarballs together, as plain copies have them.
func (s *series) bytes() (all int64) {
	for _, t := range s.tarballs {
		all += t.size
	}
	return all
}

// hashOf gives a file's sha256 and size.
func hashOf(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	hash := sha256.New()
	size, err = io.CopyBuffer(struct{ io.Writer }{hash}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	return hex.EncodeToString(hash.Sum(nil)), size, err
}

// bytesBelow gives the sizes of all files below a folder, together.
func bytesBelow(dir string) (all int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			all += info.Size()
		}
		return err
	})
	return all, err
}

func noArchive(err error) error {
	return fault.New(fault.Unable, "bench-failed", "making an archive: %w", err)
}

package bench

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// The goals of pushing and restoring.
const (
	pushShare    = 0.1 // of pushing the whole, where two wheels are new
	restoreTimes = 1.5 // of reading and hashing once; of gzip -6
)

// speed measures pushing and restoring one run.
func (m *meter) speed(ctx context.Context, y year) ([]line, error) {
	nights := plan(2, y.speed/yearWheels)
	own, err := m.series("speed", false)
	if err != nil {
		return nil, err
	}
	var tarballs []string
	for n, set := range nights {
		tarball, err := own.night(ctx, n, set, false)
		if err != nil {
			return nil, err
		}
		tarballs = append(tarballs, tarball)
	}
	lines, err := own.pushes(ctx, tarballs)
	if err != nil {
		return nil, err
	}
	more, err := own.restores(ctx, tarballs[0])
	if err != nil {
		return nil, err
	}
	lines = append(lines, more...)
	gnu, err := m.series("speed-gzip", true)
	if err != nil {
		return nil, err
	}
	more, err = gnu.restoresGzipped(ctx, nights)
	if err != nil {
		return nil, err
	}
	return append(lines, more...), errors.Join(os.RemoveAll(own.dir), os.RemoveAll(gnu.dir))
}

// pushes measures pushing a run with two new wheels beside pushing the whole.
func (s *series) pushes(ctx context.Context, tarballs []string) ([]line, error) {
	push := func(run string) process { return s.ours(s.settings(), "push", run) }
	empty := func() error { return os.RemoveAll(s.store()) }
	first := func() error {
		if err := empty(); err != nil {
			return err
		}
		_, err := push("1").run(ctx)
		return err
	}
	repository := filepath.Join(s.dir, "restic")
	contenders := []contender{
		{name: "push of two new wheels", prepare: first, run: processes(push("2"))},
		{name: "push of the whole", prepare: empty, run: processes(push("2"))},
	}
	if s.withRestic {
		contenders = append(contenders, contender{name: "restic backup", prepare: func() error {
			if err := os.RemoveAll(repository); err != nil {
				return err
			}
			_, err := processes(s.restic(repository, "init"), s.restic(repository, "backup", tarballs[0]))(ctx)
			return err
		}, run: processes(s.restic(repository, "backup", tarballs[1]))})
	}
	raced, err := race(ctx, contenders...)
	if err != nil {
		return nil, err
	}
	whole, err := s.sent(ctx, empty)
	if err != nil {
		return nil, err
	}
	two, err := s.sent(ctx, first)
	if err != nil {
		return nil, err
	}
	lines := []line{
		share("push of a run with two new wheels, bytes sent", megabytes(two), float64(two), "pushing the whole", megabytes(whole), float64(whole), pushShare),
		share("push of a run with two new wheels", shown(raced[0].median()), float64(raced[0].median()), "pushing the whole", shown(raced[1].median()), float64(raced[1].median()), pushShare),
	}
	if len(raced) == 3 {
		return append(lines, besideTime("push of a run with two new wheels", raced[0], "`restic backup`", raced[2])), nil
	}
	return append(lines, notHere("push of a run with two new wheels", shown(raced[0].median()), "`restic backup`")), nil
}

// sent gives the bytes that a push of the second run sends.
func (s *series) sent(ctx context.Context, prepare func() error) (int64, error) {
	if err := prepare(); err != nil {
		return 0, err
	}
	step := s.ours(s.settings(), "push", "2", "-json")
	cmd := exec.CommandContext(ctx, step.args[0], step.args[1:]...)
	cmd.Dir, cmd.Env = step.dir, step.env
	out, err := cmd.Output()
	if err != nil {
		return 0, fault.New(fault.Unable, "bench-failed", "running push -json: %w", err)
	}
	var said struct {
		Pushed []struct {
			Sent int64 `json:"sent_bytes"`
		} `json:"pushed"`
	}
	if err := json.Unmarshal(out, &said); err != nil || len(said.Pushed) != 1 {
		return 0, fault.New(fault.Unable, "bench-failed", "reading what push -json says: %v: %s", err, out)
	}
	return said.Pushed[0].Sent, nil
}

// restoring is a contender that restores the first run into a folder.
func (s *series) restoring() contender {
	to := filepath.Join(s.dir, "to")
	return contender{
		name:    "restore",
		prepare: func() error { return os.RemoveAll(to) },
		run:     processes(s.ours(s.settings(), "restore", "1", "-to="+to)),
	}
}

// restores measures bringing the first run back, which is pruned for that.
func (s *series) restores(ctx context.Context, tarball string) ([]line, error) {
	if _, err := s.ours(s.settings(), pruneYoungest...).run(ctx); err != nil {
		return nil, err
	}
	copied := filepath.Join(s.dir, "copied")
	repository, target := filepath.Join(s.dir, "restic"), filepath.Join(s.dir, "restic-to")
	contenders := []contender{
		s.restoring(),
		{name: "one SHA-256 pass", run: func(context.Context) (int64, error) { return 0, hashOnce(tarball) }},
		{name: "cp and sync", prepare: func() error { return os.RemoveAll(copied) }, run: processes(
			process{args: []string{"cp", tarball, copied}}, process{args: []string{"sync", copied}})},
	}
	if s.withRestic {
		contenders = append(contenders, contender{
			name: "restic restore", prepare: func() error { return os.RemoveAll(target) },
			run: processes(s.restic(repository, "restore", "latest", "--target="+target)),
		})
	}
	raced, err := race(ctx, contenders...)
	if err != nil {
		return nil, err
	}
	lines := []line{
		within("restore of one of ours (written and synced, too)", raced[0], "reading its bytes and hashing them once", raced[1], restoreTimes),
		besideTime("restore of one of ours", raced[0], "`cp` and `sync`", raced[2]),
	}
	if len(raced) == 4 {
		return append(lines, besideTime("restore of one of ours", raced[0], "`restic restore`", raced[3])), nil
	}
	return append(lines, notHere("restore of one of ours", shown(raced[0].median()), "`restic restore`")), nil
}

// restoresGzipped measures bringing back a tarball of GNU tar and gzip.
func (s *series) restoresGzipped(ctx context.Context, nights [][]nightWheel) ([]line, error) {
	for n, set := range nights {
		if _, err := s.night(ctx, n, set, n == len(nights)-1); err != nil {
			return nil, err
		}
	}
	plain := filepath.Join(s.dir, "plain.tar")
	if err := s.lay(nights[0]); err != nil {
		return nil, noArchive(err)
	}
	if _, err := (process{args: []string{"tar", "-cf", plain, "-C", filepath.Dir(s.wheels()), ".wheelhouse"}}).run(ctx); err != nil {
		return nil, err
	}
	raced, err := race(ctx, s.restoring(), contender{
		name: "gzip -6", prepare: func() error { return os.RemoveAll(plain + ".gz") },
		run: processes(process{args: []string{"gzip", "-6", "-k", plain}}),
	})
	if err != nil {
		return nil, err
	}
	return []line{
		within("restore of one made by GNU tar and gzip", raced[0], "`gzip -6` of the same tar", raced[1], restoreTimes),
		memory("restore of one made by GNU tar and gzip", raced[0], tarballMemory),
	}, nil
}

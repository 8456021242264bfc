package validate

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// source is the tarball and its wheels, read once for all the interpreters that
// prove it, and the folder of all that is temporary.
type source struct {
	o    Options
	temp string
	// ctx ends with the source, or with the context of its maker.
	ctx    context.Context
	cancel context.CancelFunc

	// ready is closed when these are set: the tarball was read.
	ready     chan struct{}
	err       error
	inventory *wheelhouse.Inventory
	sums      map[string]string // the wheels' sha256 by file name
	open      opener
	tarball   *os.File // what open reads from; nil: the folder of wheels
	contents  map[string]wheel.Contents
	metadata  map[string]wheel.Metadata
	unread    []finding.Finding // about what could not be read of wheels

	// hashed is closed when these are set: the wheels were held against their
	// RECORD, which hash began.
	hash       func()
	hashed     chan struct{}
	hashErr    error
	mismatches []finding.Finding
}

// newSource makes the temporary folder and starts to read. Whoever makes one
// closes it.
func newSource(ctx context.Context, o Options) (*source, error) {
	temp, err := newTemporary(o.TempDir)
	if err != nil {
		return nil, err
	}
	s := &source{o: o, temp: temp, ready: make(chan struct{}), hashed: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.hash = sync.OnceFunc(func() {
		go func() {
			defer close(s.hashed)
			if s.wait() == nil && s.ctx.Err() == nil {
				s.mismatches, s.hashErr = recordMismatches(s.ctx, s.open, s.contents, s.o.WheelLimits, !s.o.NoRecord)
			}
		}()
	})
	go func() {
		defer close(s.ready)
		s.err = s.read()
	}()
	return s, nil
}

// wait waits until the tarball was read, and gives the error of that.
func (s *source) wait() error {
	<-s.ready
	return s.err
}

// records waits for what RECORDs say, which hash has begun.
func (s *source) records() ([]finding.Finding, error) {
	<-s.hashed
	return s.mismatches, s.hashErr
}

// close ends what is under way and removes what is temporary, unless it is to
// be kept.
func (s *source) close(keep bool) error {
	s.cancel()
	s.hash() // where nobody began it, it ends at once
	<-s.hashed
	if s.tarball != nil {
		s.tarball.Close() // read only: nothing to lose
	}
	if keep {
		return nil
	}
	if err := removeAll(s.temp); err != nil {
		return fault.New(fault.Unable, "cleanup-failed", "removing temporary files: %w", err)
	}
	return nil
}

// wheels is the folder that the wheels lie in, but see open.
func (s *source) wheels() string { return filepath.Join(s.temp, "wheels") }

// read reads the tarball and its wheels.
func (s *source) read() (err error) {
	if err := s.readTarball(); err != nil {
		return err
	}
	s.sums = make(map[string]string, len(s.inventory.Wheels))
	for _, w := range s.inventory.Wheels {
		s.sums[w.Name] = w.SHA256
	}
	if s.contents, s.unread, err = inspect(s.ctx, s.open, s.inventory.Wheels, s.o.WheelLimits); err != nil {
		return err
	}
	s.metadata = metadata(s.contents)
	return nil
}

// readTarball reads the tarball in one pass. Wheels come into the folder, but
// for those of our own tarballs where nothing is to be installed: these are
// read where they lie.
func (s *source) readTarball() error {
	file, err := wheelhouse.Open(s.o.Tarball)
	if err != nil {
		return err
	}
	defer func() {
		if s.tarball == nil {
			file.Close() // read only: nothing to lose
		}
	}()
	if s.o.Static && mayBeOurs(file) {
		inv, err := wheelhouse.ReadFile(s.ctx, file, wheelhouse.ReadOptions{Limits: s.o.Limits})
		if err == nil {
			err = s.judged(inv)
		}
		if err != nil {
			return err
		}
		if inv.Format == wheelhouse.Format {
			s.inventory, s.tarball = inv, file
			s.open, err = inTarball(file, inv.Wheels)
			return err
		}
	}
	if err := os.Mkdir(s.wheels(), 0o700); err != nil {
		return fault.New(fault.Unable, "no-temporary-folder", "making a folder for the wheels: %w", err)
	}
	s.open = inFolder(s.wheels())
	s.inventory, err = wheelhouse.ReadFile(s.ctx, file, wheelhouse.ReadOptions{Limits: s.o.Limits, Extract: s.wheels()})
	if err == nil {
		err = s.judged(s.inventory)
	}
	return err
}

// judged refuses bytes that are not those that were judged before.
func (s *source) judged(inv *wheelhouse.Inventory) error {
	if s.o.SHA256 == "" || s.o.SHA256 == inv.SHA256 {
		return nil
	}
	return fault.New(fault.Refused, "tar-changed", "validating %s: it was changed while it was looked at", s.o.Tarball).
		WithHint("do it again once nobody writes to it")
}

// mayBeOurs tells whether a tarball begins as ours do.
func mayBeOurs(file io.ReaderAt) bool {
	beginning := make([]byte, 11)
	n, _ := file.ReadAt(beginning, 0) // what cannot be read is none of ours
	return wheelhouse.MayBeOurs(beginning[:n])
}

package actions

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// batchGap is how much is transferred between two wheels to save a request.
const batchGap = 32 << 10

// batch is a part of the tarball that is transferred in one piece, and the
// wheels in it, by their place in the lock.
type batch struct {
	extent
	wheels []int
}

// batches puts wheels together that lie beside each other. The spans are in
// the tarball's order.
func batches(spans []wheelhouse.Span, missing []int, gap int64) []batch {
	var all []batch
	for _, i := range missing {
		s := spans[i]
		from, to := s.Data, s.Offset+s.Size
		if last := len(all) - 1; last >= 0 && from-all[last].to <= gap {
			all[last].to = to
			all[last].wheels = append(all[last].wheels, i)
			continue
		}
		all = append(all, batch{extent{from, to}, []int{i}})
	}
	return all
}

// size gives a size for people.
func size(n int64) string { return entry.FormatSize(n) }

// recordOf reads the record that is among the companions of a tarball.
func recordOf(companions []string, tarball string) (meta.Record, error) {
	for _, one := range companions {
		if filepath.Base(one) == filepath.Base(tarball)+meta.Suffix {
			return readMeta(one[:len(one)-len(meta.Suffix)])
		}
	}
	return meta.Record{}, os.ErrNotExist
}

// wheelFile is where a wheel is staged.
func (c *changed) wheelFile(w lock.Wheel) string { return filepath.Join(c.staging, wheelsDir, w.File) }

// gather stages the wheels that are here, each hashed, and gives them by their
// place in the lock.
func (c *changed) gather(ctx context.Context, l lock.Lock, places []Wheels) (map[int]bool, error) {
	dir := filepath.Join(c.staging, wheelsDir)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, failed("making "+dir, err)
	}
	here := map[int]bool{}
	for i, w := range l.Wheels {
		for _, place := range places {
			ok, err := c.take(ctx, w, place)
			if err != nil {
				return nil, err
			}
			if ok {
				here[i] = true
				break
			}
		}
	}
	return here, nil
}

// take stages the wheel out of a place and tells whether it was there. Damaged
// or unreadable ones are passed over.
func (c *changed) take(ctx context.Context, w lock.Wheel, place Wheels) (bool, error) {
	r, err := place.Open(ctx, w)
	if err != nil {
		return false, orNil("gathering wheels", ctx.Err())
	}
	defer func() { _ = r.Close() }()
	ok, err := c.stage(ctx, w, r)
	if _, unreadable := as[*readError](err); unreadable {
		return false, orNil("gathering wheels", ctx.Err())
	}
	return ok, err
}

// readError is an error of the bytes' origin, not of where they are written.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// stage writes what r gives as the wheel, hashes it on the way, and tells
// whether it is the wheel; what is not is removed.
func (c *changed) stage(ctx context.Context, w lock.Wheel, r io.Reader) (ok bool, err error) {
	name := c.wheelFile(w)
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return false, failed("staging "+w.File, err)
	}
	defer func() {
		if closed := out.Close(); err == nil && closed != nil {
			err = failed("staging "+w.File, closed)
		}
		if !ok || err != nil {
			_ = os.Remove(name)
		}
	}()
	if c.buffer == nil {
		c.buffer = make([]byte, 256<<10)
	}
	sum, left := sha256.New(), w.Size
	for {
		if err := ctx.Err(); err != nil {
			return false, fmt.Errorf("staging %s: %w", w.File, err)
		}
		n, err := r.Read(c.buffer)
		if left -= int64(n); left < 0 {
			return false, nil
		}
		sum.Write(c.buffer[:n])
		if _, err := out.Write(c.buffer[:n]); err != nil {
			return false, failed("staging "+w.File, err)
		}
		switch {
		case errors.Is(err, io.EOF):
			return left == 0 && hex.EncodeToString(sum.Sum(nil)) == w.SHA256, nil
		case err != nil:
			return false, &readError{err}
		}
	}
}

// plan gives the wheels that are to be transferred, and how many bytes are not.
func (c *changed) plan(parts contents, here map[int]bool) (missing []int, saved int64) {
	for i, w := range parts.lock.Wheels {
		if here[i] {
			saved += w.Size
		} else {
			missing = append(missing, i)
		}
	}
	return missing, saved
}

// transfer brings the missing wheels.
func (c *changed) transfer(ctx context.Context, parts contents, missing []int) error {
	all := batches(parts.spans, missing, batchGap)
	expected := c.ranges.Received()
	for _, b := range all {
		expected += b.to - b.from
	}
	c.ranges.Expect(expected)
	for _, b := range all {
		if err := c.batch(ctx, parts, b); err != nil {
			return err
		}
	}
	return nil
}

func (c *changed) batch(ctx context.Context, parts contents, b batch) error {
	body := c.ranges.Open(ctx, parts.data+b.from, b.to-b.from)
	defer func() { _ = body.Close() }()
	tarball := &forward{r: bufio.NewReaderSize(body, 64<<10), at: b.from}
	for _, i := range b.wheels {
		w := parts.lock.Wheels[i]
		ok, err := c.stage(ctx, w, io.NewSectionReader(wheelhouse.Section(tarball, parts.spans[i], w.Size), 0, w.Size))
		if unreadable, is := as[*readError](err); is {
			return unreadable.err
		}
		if err != nil {
			return err
		}
		if !ok {
			return wholly("the tarball's bytes of " + w.File + " are not those of its lock")
		}
	}
	return nil
}

// forward is a reader that is read at offsets which only grow.
type forward struct {
	r  *bufio.Reader
	at int64
}

// ReadAt implements io.ReaderAt.
func (f *forward) ReadAt(p []byte, offset int64) (int, error) {
	for f.at < offset {
		n, err := f.r.Discard(int(min(offset-f.at, 1<<20)))
		f.at += int64(n)
		if err != nil {
			return 0, err
		}
	}
	if f.at > offset {
		return 0, errors.New("it is read backwards")
	}
	n, err := io.ReadFull(f.r, p)
	f.at += int64(n)
	return n, err
}

// rebuild packs the wheels as the workflow did. The tarball is there when it is
// the one of lock and record.
func (c *changed) rebuild(ctx context.Context, parts contents, tarball string) error {
	files := make([]string, len(parts.lock.Wheels))
	for i, w := range parts.lock.Wheels {
		files[i] = c.wheelFile(w)
	}
	inv, err := wheelhouse.Pack(ctx, tarball, files)
	if err != nil {
		return err
	}
	if inv.SHA256 != parts.lock.SHA256 || inv.Size != parts.lock.Size {
		return wholly("the tarball that its wheels make is not the one of its record")
	}
	return orNil("removing the staged wheels", os.RemoveAll(filepath.Join(c.staging, wheelsDir)))
}

package wheelhouse

import (
	"os"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// extraction writes wheels flat into one folder, and into nothing but it.
type extraction struct {
	root *os.Root
	made []string
	cur  *os.File
	err  error // to be read once writeWheels returned
}

// newExtraction opens an empty folder.
func newExtraction(dir string) (*extraction, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fault.New(fault.Unable, "extract-failed", "opening the folder to extract to: %w", err)
	}
	if len(entries) > 0 {
		return nil, fault.New(fault.Refused, "extract-failed", "the folder to extract to is not empty: %s", printable(dir)).
			WithHint("name an empty folder")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.New(fault.Unable, "extract-failed", "opening the folder to extract to: %w", err)
	}
	return &extraction{root: root}, nil
}

// writeWheels writes the pieces that come by, each wheel to a new file.
func (x *extraction) writeWheels(chunks <-chan *chunk) {
	for c := range chunks {
		for _, p := range c.pieces {
			if err := x.write(p); err != nil {
				e := fault.New(fault.Unable, "extract-failed", "extracting %q: %w", p.wheel.Name, err)
				if isFull(err) {
					e.Hint = "free some room on that disk, or extract elsewhere"
				}
				x.err = e
				return
			}
		}
		c.release()
	}
}

func (x *extraction) write(p piece) error {
	if x.cur == nil {
		f, err := x.root.OpenFile(p.wheel.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		x.cur, x.made = f, append(x.made, p.wheel.Name)
	}
	if _, err := x.cur.Write(p.data); err != nil {
		return err
	}
	if !p.last {
		return nil
	}
	err := x.cur.Close()
	x.cur = nil
	return err
}

// undo removes what was written.
func (x *extraction) undo() {
	if x.cur != nil {
		x.cur.Close()
		x.cur = nil
	}
	for _, name := range x.made {
		_ = x.root.Remove(name)
	}
}

func (x *extraction) close() { x.root.Close() }

package unpack

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"strings"
)

// pieceBytes is what is read at once; ctx is looked at in between.
const pieceBytes = 256 << 10

// extraction writes one zip's members below root.
type extraction struct {
	file   string
	limits Limits
	left   int64 // bytes that may still come out
	root   *os.Root
	buffer []byte
}

// directory reads the list of members and holds it against the rules: nothing
// is written before all of it was looked at.
func (x *extraction) directory(r io.ReaderAt, size int64) ([]*zip.File, error) {
	metered := &meter{ReaderAt: r, left: directoryBase + memberBytes*int64(x.limits.Members)}
	archive, err := zip.NewReader(metered, size)
	switch {
	case errors.Is(err, errMetered):
		return nil, refuse(x.file, "too-large", "its list of members is too long for %d of them", x.limits.Members)
	case errors.Is(err, zip.ErrFormat) && !startsAsZip(r):
		return nil, refuse(x.file, "not-a-zip", "it is no zip")
	case err != nil && !errors.Is(err, zip.ErrInsecurePath):
		return nil, x.damaged("its list of members cannot be read: %v", err)
	case len(archive.File) > x.limits.Members:
		return nil, refuse(x.file, "too-large", "it has %d members, over %d", len(archive.File), x.limits.Members)
	}
	metered.open = true
	seen, left := names{}, x.left
	for _, m := range archive.File {
		if why := seen.add(m); why != "" {
			return nil, refuse(x.file, "unsafe-archive", "member %.200q: %s", m.Name, why).
				WithHint("nothing was unpacked; look at who made it")
		}
		if m.UncompressedSize64 > uint64(x.limits.MemberBytes) {
			return nil, x.tooLarge(m)
		}
		if left -= int64(m.UncompressedSize64); left < 0 {
			return nil, x.bomb()
		}
	}
	return archive.File, nil
}

func startsAsZip(r io.ReaderAt) bool {
	var magic [2]byte
	_, err := r.ReadAt(magic[:], 0)
	return err == nil && string(magic[:]) == "PK"
}

// member unpacks one.
func (x *extraction) member(ctx context.Context, m *zip.File) error {
	if name, folder := strings.CutSuffix(m.Name, "/"); folder {
		return x.made(x.root.MkdirAll(name, 0o755))
	} else if err := x.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return failed(x.file, err)
	}
	body, err := m.Open()
	if err != nil {
		return x.damaged("member %.200q cannot be read: %v", m.Name, err)
	}
	defer body.Close()
	out, err := x.root.OpenFile(m.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return failed(x.file, err)
	}
	if err := x.copy(ctx, m, out, body); err != nil {
		out.Close()
		return err
	}
	return x.made(out.Close())
}

func (x *extraction) made(err error) error {
	if err != nil {
		return failed(x.file, err)
	}
	return nil
}

// copy writes the member and counts what really comes out of it.
func (x *extraction) copy(ctx context.Context, m *zip.File, out io.Writer, body io.Reader) error {
	if x.buffer == nil {
		x.buffer = make([]byte, pieceBytes)
	}
	room := x.limits.MemberBytes
	for {
		if err := ctx.Err(); err != nil {
			return failed(x.file, err)
		}
		n, err := body.Read(x.buffer)
		if room -= int64(n); room < 0 {
			return x.tooLarge(m)
		}
		if x.left -= int64(n); x.left < 0 {
			return x.bomb()
		}
		if _, err := out.Write(x.buffer[:n]); err != nil {
			return failed(x.file, err).WithHint("look whether there is room on that disk")
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return x.unreadable(m, err)
		}
	}
}

func (x *extraction) unreadable(m *zip.File, err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, zip.ErrChecksum):
		return x.damaged("member %.200q: its checksum is another", m.Name)
	case errors.Is(err, zip.ErrFormat), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &corrupt):
		return x.damaged("member %.200q: %v", m.Name, err)
	}
	return failed(x.file, err)
}

func (x *extraction) damaged(format string, args ...any) error {
	return refuse(x.file, "archive-damaged", format, args...).WithHint("download it again")
}

func (x *extraction) tooLarge(m *zip.File) error {
	return refuse(x.file, "too-large", "member %.200q has over %d bytes", m.Name, x.limits.MemberBytes)
}

func (x *extraction) bomb() error {
	return refuse(x.file, "too-large", "more would come out of it than %d bytes and %d for each of its own",
		x.limits.TotalBytes, x.limits.Ratio)
}

var errMetered = errors.New("too much was read")

// meter bounds what is read until it is open.
type meter struct {
	io.ReaderAt
	left int64
	open bool
}

func (m *meter) ReadAt(p []byte, offset int64) (int, error) {
	if m.open {
		return m.ReaderAt.ReadAt(p, offset)
	}
	if m.left -= int64(len(p)); m.left < 0 {
		return 0, errMetered
	}
	return m.ReaderAt.ReadAt(p, offset)
}

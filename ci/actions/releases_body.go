package actions

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"sync"
)

// source is what an upload reads: so many bytes of a file, hashed. The
// transport may go on reading after it has given an answer.
type source struct {
	mu   sync.Mutex
	from io.ReadCloser
	left int64
	hash hash.Hash
	err  error
}

func newSource(from io.ReadCloser, size int64) *source {
	return &source{from: from, left: size, hash: sha256.New()}
}

// Read gives the bytes, and an error where the file is shorter or longer.
func (s *source) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.from.Read(b[:min(int64(len(b)), s.left)])
	s.left -= int64(n)
	s.hash.Write(b[:n])
	switch {
	case s.left == 0 && (err == nil || err == io.EOF):
		// A request of a known length is not read beyond it: look now, and keep
		// the last bytes back where there are more, so that it is not whole.
		if s.err = s.end(); s.err != io.EOF {
			n = 0
		}
	case err == io.EOF:
		s.err = fmt.Errorf("it ends %d bytes early: %w", s.left, io.ErrUnexpectedEOF)
	default:
		s.err = err
	}
	return n, s.err
}

// end gives io.EOF where the file ends here.
func (s *source) end() error {
	var one [1]byte
	_, err := io.ReadFull(s.from, one[:])
	if err == nil {
		return errors.New("it is longer than it was")
	}
	return err
}

// Close closes the file.
func (s *source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.from.Close()
}

// sum gives the sha256 in hex once all was read, else "".
func (s *source) sum() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != io.EOF {
		return ""
	}
	return hex.EncodeToString(s.hash.Sum(nil))
}

// failure is the error of reading the file; nil when there was none so far.
func (s *source) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == io.EOF {
		return nil
	}
	return s.err
}

// sumOf reads size bytes and gives their sha256.
func sumOf(size int64, open func() (io.ReadCloser, error)) (string, error) {
	file, err := open()
	if err != nil {
		return "", err
	}
	s := newSource(file, size)
	_, err = io.Copy(io.Discard, s)
	if err = errors.Join(err, s.Close()); err != nil {
		return "", err
	}
	return s.sum(), nil
}

// OpenAsset opens an asset's bytes. A transfer that breaks off goes on where
// it was, as often as helps. Any goroutine may read it. An error that wraps
// fs.ErrNotExist says that there is no such asset.
func (c *Client) OpenAsset(ctx context.Context, id int64) (io.ReadCloser, error) {
	b := &assetBody{ctx: ctx, client: c, id: id}
	if err := b.open(); err != nil {
		return nil, err
	}
	return b, nil
}

// assetBody is the bytes of an asset.
type assetBody struct {
	ctx    context.Context
	client *Client
	id     int64
	body   io.ReadCloser
	at     int64
	tries  int // that failed
}

// open asks for the bytes from at on.
func (b *assetBody) open() error {
	doing := fmt.Sprintf("downloading asset %d", b.id)
	c := b.client
	for {
		response, err := c.send(b.ctx, doing, ask{path: c.path("/releases/assets/%d", b.id), accept: "application/octet-stream", span: from(b.at)})
		if err == nil {
			err = c.check(doing, response)
			if err == nil {
				b.body = response.Body
				if err = b.skip(response); err == nil {
					return nil
				}
				_ = b.body.Close()
				err = c.unreachable(doing, err)
			}
		}
		if err := b.again(err); err != nil {
			return err
		}
	}
}

// again waits before the next try after err; an error says that there is none.
func (b *assetBody) again(err error) error {
	r, ok := as[*retry](err)
	if !ok {
		return writing(err)
	}
	if b.tries++; b.tries >= b.client.Tries {
		return r.fault
	}
	return b.client.pause(b.ctx, r, b.tries)
}

// skip passes over what was read already where the server begins anew.
func (b *assetBody) skip(response *http.Response) error {
	if b.at == 0 {
		return nil
	}
	if response.StatusCode == http.StatusPartialContent {
		if strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", b.at)) {
			return nil
		}
		return errors.New("it gives another part than the one asked for")
	}
	_, err := io.CopyN(io.Discard, b.body, b.at)
	return err
}

// Read reads on, over broken connections.
func (b *assetBody) Read(p []byte) (int, error) {
	for {
		n, err := b.body.Read(p)
		b.at += int64(n)
		if err == nil || err == io.EOF {
			return n, err
		}
		if b.ctx.Err() != nil {
			return n, fmt.Errorf("downloading asset %d: %w", b.id, b.ctx.Err())
		}
		if n > 0 {
			return n, nil // the next read finds the same error again
		}
		_ = b.body.Close()
		if err := b.again(b.client.unreachable(fmt.Sprintf("downloading asset %d", b.id), err)); err != nil {
			return 0, err
		}
		if err := b.open(); err != nil {
			return 0, err
		}
	}
}

// Close ends the transfer.
func (b *assetBody) Close() error { return b.body.Close() }

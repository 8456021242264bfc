package wire

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWatch gives up a body that falls silent, and lets a slow one be.
func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		reader, writer := io.Pipe()
		context.AfterFunc(ctx, func() { _ = writer.CloseWithError(context.Canceled) })
		body := Watch(reader, cancel, time.Minute, func(error) error { return context.Cause(ctx) })
		go func() {
			for range 3 {
				time.Sleep(59 * time.Second) // in the bubble's time
				_, _ = writer.Write([]byte("x"))
			}
		}()
		data, err := io.ReadAll(body)
		if string(data) != "xxx" || !errors.Is(err, ErrSilent) {
			t.Errorf("read %q, %v", data, err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestWatchEnds leaves the end of a body, and one that nobody reads, alone.
func TestWatchEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		body := Watch(io.NopCloser(strings.NewReader("x")), cancel, time.Minute, func(error) error { return errors.New("failed") })
		time.Sleep(time.Hour)
		if data, err := io.ReadAll(body); string(data) != "x" || err != nil || ctx.Err() != nil {
			t.Errorf("read %q, %v, %v", data, err, ctx.Err())
		}
		if _ = body.Close(); ctx.Err() == nil {
			t.Error("closing does not end the request")
		}
	})
}

func TestFeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		body := Feed(strings.NewReader("xy"), cancel, time.Minute)
		one := make([]byte, 1)
		for range 2 {
			time.Sleep(59 * time.Second)
			if _, err := body.Read(one); err != nil || ctx.Err() != nil {
				t.Fatal(err, ctx.Err())
			}
		}
		if _, err := body.Read(one); err != io.EOF {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Error("given up after its end")
		}
		Feed(strings.NewReader("xy"), cancel, time.Minute)
		time.Sleep(2 * time.Minute)
		if context.Cause(ctx) != ErrSilent {
			t.Errorf("a body that nobody takes: %v", context.Cause(ctx))
		}
	})
}

func TestSaid(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain words":            "plain words",
		"\x1b[31mred":            `"\x1b[31mred"`,
		strings.Repeat("x", 999): strings.Repeat("x", maxSaid) + "...",
	} {
		if got := Said(errors.New(text)); got != want {
			t.Errorf("%q is said as %s", text, got)
		}
	}
	if got := Said(&url.Error{Op: "Put", URL: "https://h/?X-Amz-Signature=secret", Err: errors.New("no route")}); got != "no route" {
		t.Errorf("a failed request is said as %s", got)
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "localhost:5000": true, "127.0.0.1:1": true, "127.9.9.9": true, "[::1]:5000": true, "::1": true,
		"example.org": false, "10.0.0.1:5000": false, "localhost.example.org": false, "": false,
	} {
		if Loopback(host) != want {
			t.Errorf("%q: %t", host, !want)
		}
	}
}

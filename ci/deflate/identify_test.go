package deflate

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"
)

// inflater gives what a stream inflates to.
func inflater(stream []byte) io.Reader { return flate.NewReader(bytes.NewReader(stream)) }

// text makes n bytes that every encoder compresses differently.
func text(n int) []byte {
	d := dice(n)
	var b []byte
	for len(b) < n {
		b = d.segment(b, pick(&d, 1, 3, 3, 4), 1+d.below(500))
	}
	return b[:n]
}

// TestIdentify finds every encoder by its stream alone: short, longer than a
// window, and longer than what is looked at.
func TestIdentify(t *testing.T) {
	t.Parallel()
	const prefix = 150_000
	for _, n := range []int{40_000, prefix, prefix + 1, prefix + 50_000} {
		input := text(n)
		for _, e := range Encoders() {
			if n >= prefix && e.Level%5 != 1 {
				continue
			}
			stream := append(encoded(t, e, input), "trailer"...)
			got, err := identify(context.Background(), bytes.NewReader(input), bytes.NewReader(stream), Hint{}, prefix)
			if err != nil || !slices.Contains(got, e) || len(got) > 2 {
				t.Errorf("%d bytes: got %v, %v; want %v", n, got, err, e)
			}
			for _, same := range got {
				if n <= prefix && !bytes.HasPrefix(stream, encoded(t, same, input)) {
					t.Errorf("%d bytes: %v does not make %v's stream", n, same, e)
				}
			}
		}
	}
}

// TestIdentifyOrder has streams that several encoders make, in the hint's
// order.
func TestIdentifyOrder(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	empty := encoded(t, Encoder{Gzip, 6}, nil)
	got, err := Identify(ctx, bytes.NewReader(nil), bytes.NewReader(empty), Hint{})
	if err != nil || len(got) != 18 || got[0] != (Encoder{Gzip, 6}) {
		t.Errorf("empty: got %v, %v", got, err)
	}
	// So few symbols that no block has ended.
	zeros := make([]byte, Prefix+1)
	got, err = Identify(ctx, bytes.NewReader(zeros), bytes.NewReader(encoded(t, Encoder{Zlib, 9}, zeros)), Hint{2, 255})
	if err != nil || len(got) != 18 || got[0] != (Encoder{Zlib, 9}) {
		t.Errorf("zeros: got %v, %v", got, err)
	}
	for hint, first := range map[Hint][3]Encoder{
		{}:       {{Gzip, 6}, {Zlib, 6}, {Gzip, 9}},
		{2, 3}:   {{Gzip, 9}, {Zlib, 9}, {Gzip, 6}},
		{4, 3}:   {{Gzip, 1}, {Zlib, 1}, {Gzip, 6}},
		{2, 255}: {{Zlib, 9}, {Gzip, 9}, {Zlib, 6}},
		{7, 9}:   {{Gzip, 6}, {Zlib, 6}, {Gzip, 9}},
	} {
		order := hint.Order()
		if !slices.Equal(order[:3], first[:]) {
			t.Errorf("%v: got %v", hint, order)
		}
		for _, e := range Encoders() {
			if !slices.Contains(order, e) {
				t.Errorf("%v: no %v", hint, e)
			}
		}
	}
}

// TestIdentifyNone has streams of others: Go's, one cut short, one with another
// byte, one of other data.
func TestIdentifyNone(t *testing.T) {
	t.Parallel()
	input := text(100_000)
	var others bytes.Buffer
	w, err := flate.NewWriter(&others, 6)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(input); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	ours := encoded(t, Encoder{Zlib, 6}, input)
	changed := slices.Clone(ours)
	changed[len(changed)-1] ^= 0x80
	tests := []struct {
		name   string
		stream []byte
	}{
		{"another encoder", others.Bytes()},
		{"cut", ours[:len(ours)-1]},
		{"changed at the end", changed},
		{"empty", nil},
	}
	for _, test := range tests {
		got, err := Identify(context.Background(), bytes.NewReader(input), bytes.NewReader(test.stream), Hint{})
		if len(got) != 0 || err != nil {
			t.Errorf("%s: got %v, %v", test.name, got, err)
		}
	}
	// Cut, with more plaintext than is looked at.
	long := text(300_000)
	stream := encoded(t, Encoder{Gzip, 1}, long)
	got, err := identify(context.Background(), bytes.NewReader(long), bytes.NewReader(stream[:1000]), Hint{}, len(long)-1)
	if len(got) != 0 || err != nil {
		t.Errorf("cut early: got %v, %v", got, err)
	}
}

// TestIdentifyFails passes on the errors of both readers, and ends when asked.
func TestIdentifyFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	good := func() io.Reader { return bytes.NewReader(make([]byte, 1000)) }
	if _, err := Identify(context.Background(), iotest.ErrReader(broken), good(), Hint{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := Identify(context.Background(), good(), iotest.ErrReader(broken), Hint{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if got, err := Identify(ctx, good(), good(), Hint{}); !errors.Is(err, context.Canceled) || got != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

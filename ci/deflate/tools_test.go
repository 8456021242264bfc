package deflate

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// absent ends the test where the program it compares with is not there: as a
// failure where it must be, so that nothing passes unproved.
func absent(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" && runtime.GOOS == "linux" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// gnuGzip gives the path of GNU gzip; others of that name work differently.
func gnuGzip(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("gzip")
	if err != nil {
		absent(t, "no gzip to compare with: %v", err)
	}
	about, err := exec.Command(path, "--version").Output()
	if err != nil || !strings.HasPrefix(string(about), "gzip ") {
		absent(t, "%s is not GNU gzip: %.40q, %v", path, about, err)
	}
	return path
}

// gzipped gives the stream that gzip makes at a level from its standard input.
func gzipped(t *testing.T, path string, level int, input io.Reader) []byte {
	t.Helper()
	cmd := exec.Command(path, "-n", "-"+string(rune('0'+level)))
	cmd.Stdin = input
	member, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return body(t, member)
}

// body gives the DEFLATE stream of a gzip member (RFC 1952, section 2.3) that
// has no optional field but the name, with the trailer.
func body(t *testing.T, member []byte) []byte {
	t.Helper()
	if len(member) < 18 || member[0] != 0x1f || member[3]&^8 != 0 {
		t.Fatalf("not such a gzip member: %.20x", member)
	}
	rest := member[10:]
	if member[3] == 8 {
		rest = rest[bytes.IndexByte(rest, 0)+1:]
	}
	return rest
}

// differ fails the test, saying where two streams part.
func differ(t *testing.T, e Encoder, what string, input, got, want []byte) {
	t.Helper()
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	t.Errorf("%v of %s, %d bytes: %d bytes instead of %d, differing from byte %d", e, what, len(input), len(got), len(want), at)
}

// tried tells which inputs the tools get: each fourth, in the time that `mage
// test` has, and with TEST_CASES=all, as `mage e2e` sets it, every one. golden.txt
// has all of them, and is compared with always.
func tried(n int) bool { return n%4 == 0 || os.Getenv("TEST_CASES") == "all" }

// TestGzip compares with GNU gzip that reads a file: the inputs of golden.txt,
// some edges at every level and the others at three each, and every short length
// at one.
func TestGzip(t *testing.T) {
	t.Parallel()
	path := gnuGzip(t)
	file := filepath.Join(t.TempDir(), "input")
	compare := func(what string, input []byte, level int) {
		if err := os.WriteFile(file, input, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		want := gzipped(t, path, level, f)
		want = want[:len(want)-8]
		e := Encoder{Gzip, level}
		if got := encoded(t, e, input); !bytes.Equal(got, want) {
			differ(t, e, what, input, got, want)
		}
	}
	for seed := range inputs {
		if !tried(seed) {
			continue
		}
		input := seeded(seed)
		for level := MinLevel; level <= MaxLevel; level++ {
			// Starting gzip takes longer than anything else here.
			if seed >= seeds && seed < seeds+32 || (seed+level)%3 == 0 {
				compare("seed", input, level)
			}
		}
	}
	for n := range 301 {
		if tried(n) {
			d := dice(n)
			compare("short", d.input(n), 1+n%MaxLevel)
		}
	}
}

// TestGzipPiped compares with GNU gzip that reads a pipe, as behind tar.
func TestGzipPiped(t *testing.T) {
	t.Parallel()
	path := gnuGzip(t)
	for seed := range inputs {
		if !tried(seed) {
			continue
		}
		input := seeded(seed)
		// A tar is whole blocks.
		input = append(input, make([]byte, 512-len(input)%512)...)
		e := Encoder{Gzip, 1 + seed%MaxLevel}
		want := gzipped(t, path, e.Level, bytes.NewReader(input))
		if got := encoded(t, e, input); !bytes.Equal(got, want[:len(want)-8]) {
			differ(t, e, "a pipe", input, got, want)
		}
	}
}

// server is a Python program that answers each request on its standard input,
// a byte and some data with its length, with data and its length.
const server = `
import gzip, io, struct, sys, tarfile, zlib

if "ng" in zlib.ZLIB_RUNTIME_VERSION:
    sys.exit("this Python's zlib is " + zlib.ZLIB_RUNTIME_VERSION)

def tarred(data, mode):
    out = io.BytesIO()
    with tarfile.open("x.tar.gz", mode, fileobj=out) as tar:
        entry = tarfile.TarInfo("data")
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()

def answer(what, data):
    if what <= 9:
        z = zlib.compressobj(what, zlib.DEFLATED, -15, 8)
        return z.compress(data) + z.flush()
    if what == 10:
        return gzip.compress(data)
    return tarred(data, {11: "w:gz", 12: "w|gz"}[what])

read, write = sys.stdin.buffer, sys.stdout.buffer
while head := read.read(5):
    what, size = struct.unpack("<BI", head)
    result = answer(what, read.read(size))
    write.write(struct.pack("<I", len(result)) + result)
    write.flush()
`

// The requests beyond the levels of zlib.
const (
	askGzip    = 10
	askTarfile = 11
	askTarPipe = 12
)

// python starts a server, and gives what asks it.
func python(t *testing.T) (ask func(what int, data []byte) []byte) {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		absent(t, "no python3 to compare with: %v", err)
	}
	var complaint bytes.Buffer
	cmd := exec.Command(path, "-c", server)
	cmd.Stderr = &complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil && !t.Skipped() {
			t.Errorf("python: %v: %s", err, complaint.String())
		}
	})
	ask = func(what int, data []byte) []byte {
		request := binary.LittleEndian.AppendUint32([]byte{byte(what)}, uint32(len(data)))
		_, err1 := in.Write(append(request, data...))
		var size [4]byte
		_, err2 := io.ReadFull(out, size[:])
		result := make([]byte, binary.LittleEndian.Uint32(size[:]))
		_, err3 := io.ReadFull(out, result)
		if err := errors.Join(err1, err2, err3); err != nil {
			absent(t, "asking python's zlib: %v", err)
		}
		return result
	}
	return ask
}

// TestZlib compares with Python's zlib: the inputs of golden.txt, and every
// short length, at every level.
func TestZlib(t *testing.T) {
	t.Parallel()
	ask := python(t)
	compare := func(what string, input []byte) {
		for level := MinLevel; level <= MaxLevel; level++ {
			e := Encoder{Zlib, level}
			want := ask(level, input)
			if got := encoded(t, e, input); !bytes.Equal(got, want) {
				differ(t, e, what, input, got, want)
			}
		}
	}
	for seed := range inputs {
		if tried(seed) {
			compare("seed", seeded(seed))
		}
	}
	for n := range 301 {
		if tried(n) {
			d := dice(n)
			compare("short", d.input(n))
		}
	}
}

// TestMakers recognises what gzip and Python's modules make, headers and all.
func TestMakers(t *testing.T) {
	t.Parallel()
	ask, path := python(t), gnuGzip(t)
	data := text(150_000)
	tests := []struct {
		name   string
		member func() []byte
		want   Encoder
	}{
		{"gzip -1", func() []byte { return run(t, data, path, "-1") }, Encoder{Gzip, 1}},
		{"gzip", func() []byte { return run(t, data, path) }, Encoder{Gzip, 6}},
		{"gzip -9", func() []byte { return run(t, data, path, "-9") }, Encoder{Gzip, 9}},
		{"gzip.compress", func() []byte { return ask(askGzip, data) }, Encoder{Zlib, 9}},
		{"tarfile", func() []byte { return ask(askTarfile, data) }, Encoder{Zlib, 9}},
		{"tarfile to a pipe", func() []byte { return ask(askTarPipe, data) }, Encoder{Zlib, 9}},
	}
	for _, test := range tests {
		member := test.member()
		stream := body(t, member)
		got, err := Identify(context.Background(), inflater(stream), bytes.NewReader(stream), Hint{member[8], member[9]})
		if err != nil || len(got) == 0 || got[0] != test.want {
			t.Errorf("%s: got %v, %v; want %v first", test.name, got, err, test.want)
		}
	}
}

// run gives what a program makes of data.
func run(t *testing.T, data []byte, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

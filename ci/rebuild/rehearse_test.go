package rebuild

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/deflate"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// golden are tarballs that programs made, and how their bytes come back. Small
// data comes the same out of several encoders: the likeliest is named.
var golden = []struct{ file, encoder, frame string }{
	{"bsdtar.tgz", "gzip-6", "f9d2b9130453ecaaf294dd411d51170d70820a0173d4dba40a318a1e04300190"},
	{"busybox.tgz", "gzip-6", "c262dc1a3ee9a653db2cd313a1e611305854c40d0f97d00918b54b41cca1928f"},
	{"gnu-tar.tgz", "gzip-6", "a419d8065fcc52a8433249d1d1ee975f9438110f931d8b67ed34c47e9c54d531"},
	{"gzip-1.tgz", "gzip-1", "f54872cd044d4a8f462111675dbb6b8c99ad035ab4d81634786fb9618ed5aa46"},
	{"gzip-9-named.tgz", "gzip-9", "be554d92f4c9de4ce7d734a18075e500890d153b07c18466e3b7c4b60c16a5b9"},
	{"python-tarfile.tgz", "zlib-9", "fde8bb91e70120bb96076b204a1ed2e730c11f7935e6e79e8b0945caa8dc849e"},
}

// Tarballs that are kept come back, and by frames that stay the same: those in
// stores are named by their sha256.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, g := range golden {
		path := filepath.Join("testdata", g.file)
		r := rehearse(t, path)
		if got := r.Recipe(); got.Encoder != g.encoder || got.FrameSHA256() != g.frame {
			t.Errorf("%s: %s, frame %s, want %s and %s", g.file, got.Encoder, got.FrameSHA256(), g.encoder, g.frame)
		}
		if len(r.Recipe().Frame) > 1000 {
			t.Errorf("%s: the frame has %d bytes", g.file, len(r.Recipe().Frame))
		}
		comesBack(t, path, r)
	}
}

func TestRehearseOurs(t *testing.T) {
	t.Parallel()
	path := write(t, ours(t, sample()))
	temp := t.TempDir()
	r, err := Rehearse(t.Context(), path, Options{Temp: filepath.Join(temp, "none")})
	if err != nil {
		t.Fatal(err) // no temporary folder is needed
	}
	defer r.Close()
	if got := r.Recipe(); got.Encoder != wheelhouse.Format || got.Frame != nil || got.FrameSHA256() != "" {
		t.Errorf("recipe %+v", got)
	}
	if blobs := r.Blobs(); len(blobs) != len(sample())-1 {
		t.Errorf("blobs %+v, want one for each of the wheels, two of which are alike", blobs)
	}
	comesBack(t, path, r)
}

// Format says that every byte is the one that Pack makes, so a rehearsal of one
// of ours needs no more: whatever is changed about it, either the format is
// another, or it is refused.
func TestFormatProvesTheBytes(t *testing.T) {
	t.Parallel()
	tarball := ours(t, map[string][]byte{"a-1-py3-none-any.whl": pseudo(1, 700), "b-1-py3-none-any.whl": pseudo(2, 99)})
	path := write(t, nil)
	// Headers to the byte, of the rest a part.
	for i := 0; i < len(tarball); i += 1 + i/100 {
		changed := bytes.Clone(tarball)
		changed[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Rehearse(t.Context(), path, Options{Temp: t.TempDir()})
		if err != nil {
			continue
		}
		if r.Recipe().Encoder == wheelhouse.Format {
			t.Errorf("byte %d: taken for ours", i)
		}
		comesBackOrWhole(t, path, r)
		r.Close()
	}
}

// comesBackOrWhole is comesBack, but for what is stored whole.
func comesBackOrWhole(t testing.TB, path string, r *Rehearsal) {
	t.Helper()
	if r.Recipe().Encoder != Whole {
		comesBack(t, path, r)
		return
	}
	blobs := r.Blobs()
	if len(blobs) != 1 || blobs[0] != (Blob{r.inv.Name, r.inv.SHA256, r.inv.Size}) || r.Recipe().Frame != nil {
		t.Errorf("blobs %+v of %+v", blobs, r.Recipe())
	}
	in, err := r.Open(t.Context(), blobs[0])
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(in)
	if err != nil || sumOf(data) != r.inv.SHA256 {
		t.Errorf("the whole has the sha256 %s, %v", sumOf(data), err)
	}
}

func TestRehearseWhole(t *testing.T) {
	t.Parallel()
	plain := tarOf(t, sample())
	// Encoder by encoder, what follows the first megabytes is another's.
	mixed := append(packed(t, deflate.Encoder{Family: deflate.Gzip, Level: 6}, plain[:200*512]),
		packed(t, deflate.Encoder{Family: deflate.Gzip, Level: 6}, plain[200*512:])...)
	manyFiles := map[string][]byte{}
	for i := range 3000 {
		manyFiles[strings.Repeat("x", 1+i/100)+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676))+"-1-py3-none-any.whl"] = nil
	}
	for name, tarball := range map[string][]byte{
		"Go's own":             goGzip(t, plain),
		"several gzip members": mixed,
		"an empty gzip member": append(packed(t, deflate.Encoder{Family: deflate.Gzip, Level: 6}, nil), packed(t, deflate.Encoder{Family: deflate.Gzip, Level: 6}, plain)...),
		"too many headers":     packed(t, deflate.Encoder{Family: deflate.Zlib, Level: 1}, append(tarOf(t, manyFiles), make([]byte, maxInflated)...)),
	} {
		path := write(t, tarball)
		r := rehearse(t, path)
		if got := r.Recipe().Encoder; got != Whole {
			t.Errorf("%s: %s", name, got)
		}
		comesBackOrWhole(t, path, r)
		// Its wheels can be had all the same.
		if w, err := r.Wheels().OpenWheel(t.Context(), r.Inventory().Wheels[0]); err != nil {
			t.Error(err)
		} else {
			w.Close()
		}
	}
}

// packed gives one gzip member as an encoder of ours makes it.
func packed(t testing.TB, e deflate.Encoder, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := deflate.NewWriter(&b, e.Family, e.Level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	own := goGzip(t, data) // header and trailer are as good as any
	return append(append(own[:10:10], b.Bytes()...), own[len(own)-trailerSize:]...)
}

// Every encoder is found, whatever the gzip header says of it, and whatever
// else the header holds.
func TestRehearseEveryEncoder(t *testing.T) {
	t.Parallel()
	plain := tarOf(t, sample())
	for i, e := range deflate.Encoders() {
		tarball := packed(t, e, plain)
		if i%2 == 0 {
			tarball[3] |= 0x1c // extra data, name and comment
			tarball = append(append(tarball[:10:10], "\x02\x00xyname\x00comment\x00"...), tarball[10:]...)
		}
		path := write(t, tarball)
		r := rehearse(t, path)
		if r.Recipe().Encoder == Whole {
			t.Errorf("%s is not recognised", e)
			continue
		}
		comesBack(t, path, r)
	}
}

func TestRehearseRefuses(t *testing.T) {
	t.Parallel()
	good := packed(t, deflate.Encoder{Family: deflate.Gzip, Level: 6}, tarOf(t, sample()))
	for name, c := range map[string]struct {
		tarball []byte
		code    string
	}{
		"cut":                   {good[:len(good)-9], "tar-truncated"},
		"something behind":      {append(bytes.Clone(good), "x"...), "tar-damaged"},
		"something behind ours": {append(ours(t, sample()), "x"...), "tar-damaged"},
		"no gzip":               {[]byte("x"), "not-gzip"},
		"empty":                 {nil, "tar-empty"},
	} {
		temp := t.TempDir()
		_, err := Rehearse(t.Context(), write(t, c.tarball), Options{Temp: temp})
		if fault.Code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(temp); len(left) > 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
	if _, err := Rehearse(t.Context(), filepath.Join(t.TempDir(), "none"), Options{}); fault.Code(err) != "tar-missing" {
		t.Error(err)
	}
	_, err := Rehearse(t.Context(), write(t, good), Options{Temp: filepath.Join(t.TempDir(), "none")})
	if e, ok := fault.As(err); !ok || e.Code != "rebuild-failed" || e.ExitStatus() != fault.Unable {
		t.Errorf("no temporary folder: %v", err)
	}
	_, err = Rehearse(t.Context(), write(t, good), Options{Temp: t.TempDir(), Limits: wheelhouse.Limits{MemberBytes: 1}})
	if fault.Code(err) != "too-large" {
		t.Errorf("over the limits: %v", err)
	}
}

// A tarball that changes while it is read is refused, and so is what is put in
// its place.
func TestRehearseOfAChangingTarball(t *testing.T) {
	t.Parallel()
	for name, tarball := range map[string][]byte{"ours": ours(t, sample()), "Go's": goGzip(t, tarOf(t, sample()))} {
		path := write(t, tarball)
		touched := false
		_, err := Rehearse(t.Context(), path, Options{Temp: t.TempDir(), Progress: func(int64) {
			if f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0); err == nil && !touched {
				f.Write([]byte{0})
				f.Close()
				touched = true
			}
		}})
		if err == nil {
			t.Errorf("%s: nothing is said", name)
		}
	}
	path := write(t, ours(t, sample()))
	_, err := Rehearse(t.Context(), path, Options{Progress: func(read int64) { os.Chtimes(path, later, later) }})
	if fault.Code(err) != "tar-changed" {
		t.Errorf("written again: %v", err)
	}
}

func TestRehearseCancelled(t *testing.T) {
	t.Parallel()
	for name, tarball := range map[string][]byte{
		"ours": ours(t, sample()),
		"gzip": packed(t, deflate.Encoder{Family: deflate.Gzip, Level: 6}, tarOf(t, sample())),
	} {
		path := write(t, tarball)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Rehearse(ended, path, Options{Temp: t.TempDir()}); !fault.Interrupted(err) {
			t.Errorf("%s: %v", name, err)
		}
		r := rehearse(t, path)
		if _, err := r.comesOut(ended, r.recipe); !fault.Interrupted(err) {
			t.Errorf("%s, rebuilding: %v", name, err)
		}
	}
}

// What comes out is the tarball's when it is no longer, no shorter and no other.
func TestComparer(t *testing.T) {
	t.Parallel()
	const want = "the tarball's bytes"
	for got, same := range map[string]bool{
		want: true, want[:5]: true, "": true, // a beginning, so far
		want + "!": false, strings.ToUpper(want): false, want[:5] + "x": false,
	} {
		for _, pieces := range []int{1, 4, 100} {
			c := &comparer{want: strings.NewReader(want), buf: make([]byte, 7)}
			_, err := io.CopyBuffer(onlyWriter{c}, onlyReader{strings.NewReader(got)}, make([]byte, pieces))
			if same != (err == nil) || err != nil && !errors.Is(err, errOther) {
				t.Errorf("%q in pieces of %d: %v", got, pieces, err)
			}
		}
	}
	// A recipe that gives a beginning alone is none.
	r := rehearse(t, write(t, ours(t, sample())))
	r.inv.Wheels = r.inv.Wheels[:1]
	if same, err := r.comesOut(t.Context(), Recipe{Encoder: wheelhouse.Format}); same || err != nil {
		t.Errorf("fewer wheels: %t, %v", same, err)
	}
}

type onlyWriter struct{ io.Writer }
type onlyReader struct{ io.Reader }

// later is when a tarball of these tests is changed.
var later = time.Unix(2e9, 0)

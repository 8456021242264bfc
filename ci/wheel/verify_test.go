package wheel

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
)

func verify(t testing.TB, data []byte, hash bool) []error {
	t.Helper()
	found, err := NewVerifier(Limits{}).Verify(t.Context(), bytes.NewReader(data), int64(len(data)), hash)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// line gives a member's line in RECORD.
func line(m member) string {
	sum := sha256.Sum256([]byte(m.content))
	return fmt.Sprintf("%s,sha256=%s,%d\n", m.name, base64.RawURLEncoding.EncodeToString(sum[:]), len(m.content))
}

const recordName = "a-1.dist-info/RECORD"

// withRecord gives a wheel of these members and RECORD's text.
func withRecord(t testing.TB, method uint16, record string, members ...member) []byte {
	return archive(t, method, append(members, member{recordName, record})...)
}

func TestVerifyPasses(t *testing.T) {
	t.Parallel()
	for _, deflate := range []bool{false, true} {
		w := wheeltest.Wheel{Project: "demo", Deflate: deflate, Files: map[string]string{
			"demo/__init__.py": "", "demo/big.txt": strings.Repeat("line\n", 100_000), `demo/a, "b".txt`: "x", "demo/ä.txt": "y",
		}}
		if found := verify(t, withCSV(t, w.Bytes()), true); found != nil {
			t.Errorf("deflated %t: %v", deflate, found)
		}
	}
}

// withCSV gives a wheel whose RECORD is quoted as CSV has it, which the one
// that comes with it is not.
func withCSV(t testing.TB, data []byte) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var members []member
	record, method := "", zip.Store
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/RECORD") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		m := member{f.Name, string(text)}
		members = append(members, m)
		record += strings.Replace(line(m), m.name, `"`+strings.ReplaceAll(m.name, `"`, `""`)+`"`, 1)
		method = f.Method
	}
	return archive(t, method, append(members, member{"demo-1.0.dist-info/RECORD", record})...)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	init := member{"a/__init__.py", "x = 1\n"}
	others := sound()
	all := append(sound(), init)
	right := ""
	for _, m := range all {
		right += line(m)
	}
	sums := map[string][]byte{}
	for name, sum := range map[string]func() []byte{
		"sha384": func() []byte { s := sha512.Sum384([]byte(init.content)); return s[:] }, "sha512": func() []byte { s := sha512.Sum512([]byte(init.content)); return s[:] },
		"sha3_256": func() []byte { s := sha3.Sum256([]byte(init.content)); return s[:] }, "sha3_384": func() []byte { s := sha3.Sum384([]byte(init.content)); return s[:] },
		"sha3_512": func() []byte { s := sha3.Sum512([]byte(init.content)); return s[:] },
	} {
		sums[name] = sum()
	}
	before := line(others[0]) + line(others[1])
	sum256 := sha256.Sum256([]byte(init.content))
	digest := base64.RawURLEncoding.EncodeToString(sum256[:])
	init2 := func(hash, size string) string { return before + init.name + "," + hash + "," + size + "\n" }
	for name, c := range map[string]struct {
		record  string
		members []member // nil: all
		says    string   // of the one mismatch; empty: none
		hashed  bool     // it is seen by hashing alone
	}{
		"right":                    {record: right},
		"with its own line":        {record: right + recordName + ",,\n"},
		"with its signatures":      {record: right + "a-1.dist-info/RECORD.jws,,\na-1.dist-info/RECORD.p7s,,\n"},
		"signatures not listed":    {record: right, members: append(sound(), init, member{"a-1.dist-info/RECORD.jws", "x"}, member{"a-1.dist-info/RECORD.p7s", "x"})},
		"folders' entries":         {record: right, members: append(sound(), init, member{"a/", ""}, member{"a-1.dist-info/", ""})},
		"carriage returns":         {record: strings.ReplaceAll(right, "\n", "\r\n")},
		"empty lines":              {record: strings.ReplaceAll(right, "\n", "\n\n")},
		"no size":                  {record: init2("sha256="+digest, "")},
		"padded digest":            {record: init2("sha256="+digest+"=", "6")},
		"a line twice":             {record: right + line(init)},
		"sha384":                   {record: init2("sha384="+base64.RawURLEncoding.EncodeToString(sums["sha384"]), "6")},
		"sha512":                   {record: init2("sha512="+base64.RawURLEncoding.EncodeToString(sums["sha512"]), "6")},
		"sha3_256":                 {record: init2("sha3_256="+base64.RawURLEncoding.EncodeToString(sums["sha3_256"]), "6")},
		"sha3_384":                 {record: init2("sha3_384="+base64.RawURLEncoding.EncodeToString(sums["sha3_384"]), "6")},
		"sha3_512":                 {record: init2("sha3_512="+base64.RawURLEncoding.EncodeToString(sums["sha3_512"]), "6")},
		"another digest":           {record: init2("sha256="+digest[1:]+"A", "6"), says: `"a/__init__.py" has sha256=` + digest, hashed: true},
		"hexadecimal":              {record: init2("sha256="+hex.EncodeToString(sum256[:]), "6"), says: "RECORD says", hashed: true},
		"another size":             {record: init2("sha256="+digest, "7"), says: "has 6 bytes, RECORD says 7"},
		"no hash":                  {record: init2("", "6"), says: "has no hash"},
		"neither":                  {record: init2("", ""), says: "has no hash"},
		"md5":                      {record: init2("md5=abc", "6"), says: `"md5" in RECORD, which is not sha256 or better`},
		"sha1":                     {record: init2("sha1=abc", "6"), says: `not sha256 or better`},
		"sha224":                   {record: init2("sha224=abc", "6"), says: `not sha256 or better`},
		"not listed":               {record: before, says: `"a/__init__.py" is not in RECORD`},
		"not there":                {record: right + "a/more.py,sha256=" + digest + ",6\n", says: `a line for "a/more.py", which is not in the wheel`},
		"outside":                  {record: right + "../more.py,sha256=" + digest + ",6\n", says: "which leads out of the folder"},
		"absolute":                 {record: right + "/etc/passwd,sha256=" + digest + ",6\n", says: "which is absolute"},
		"a drive":                  {record: right + "c:more.py,sha256=" + digest + ",6\n", says: "which names a drive"},
		"two lines that differ":    {record: right + init.name + ",sha256=" + digest + ",7\n", says: `two lines for "a/__init__.py" that differ`},
		"two fields":               {record: right + "x,y\n", says: "line 4 has 2 fields"},
		"four fields":              {record: right + "x,y,,\n", says: "line 4 has 4 fields"},
		"a size that is none":      {record: init2("sha256="+digest, "six"), says: `line 3: the size "six"`},
		"a negative size":          {record: init2("sha256="+digest, "-6"), says: `the size "-6"`},
		"a size beyond all bounds": {record: init2("sha256="+digest, "99999999999999999999"), says: "is no number"},
		"a hash that is none":      {record: init2(digest, "6"), says: "is not ALGORITHM=DIGEST"},
		"no digest":                {record: init2("sha256=", "6"), says: "is not ALGORITHM=DIGEST"},
		"no algorithm":             {record: init2("="+digest, "6"), says: "is not ALGORITHM=DIGEST"},
		"a member twice":           {record: right, members: append(sound(), init, init), says: "is there twice"},
		"empty":                    {record: "", members: []member{}, says: ""},
		"a name with escapes":      {record: right, members: append(sound(), init, member{"a\x1b[31m", ""}), says: `"a\x1b[31m" is not in RECORD`},
	} {
		members := c.members
		if members == nil {
			members = all
		}
		for _, hash := range []bool{false, true} {
			for _, method := range []uint16{zip.Store, zip.Deflate} {
				found := verify(t, withRecord(t, method, c.record, members...), hash)
				says := c.says
				if c.hashed && !hash {
					says = ""
				}
				switch {
				case says == "" && found == nil:
				case says == "" || len(found) != 1 || fault.Code(found[0]) != "record-mismatch" || !strings.Contains(found[0].Error(), says):
					t.Errorf("%s, hash %t, method %d: got %v, want %q", name, hash, method, found, says)
				}
			}
		}
	}
}

func TestVerifyWithoutRecord(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"none":        archive(t, zip.Store, sound()...),
		"twice":       archive(t, zip.Store, sound(member{recordName, ""}, member{recordName, ""})...),
		"no folder":   archive(t, zip.Store, member{"a.py", ""}),
		"two folders": archive(t, zip.Store, sound(member{"b-1.dist-info/RECORD", ""})...),
	} {
		if found := verify(t, data, true); codes(found) != "record-mismatch" {
			t.Errorf("%s: got %v", name, found)
		}
	}
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"no zip":  {[]byte("no zip"), "not-a-zip"},
		"members": {withRecord(t, zip.Store, "", sound()...), "zip-bomb"},
	} {
		if _, err := NewVerifier(Limits{Members: 1}).Verify(t.Context(), bytes.NewReader(c.data), int64(len(c.data)), true); fault.Code(err) != c.code {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// All that differs is told, in the archive's order.
func TestVerifyTellsAll(t *testing.T) {
	t.Parallel()
	members, record := sound(), ""
	for i := range 50 {
		members = append(members, member{fmt.Sprintf("a/%02d.py", i), strings.Repeat("x", i*100)})
	}
	for _, m := range members {
		record += strings.Replace(line(m), "sha256=", "sha256=x", 1)
	}
	found := verify(t, withRecord(t, zip.Deflate, record, members...), true)
	if len(found) != len(members) {
		t.Fatalf("%d of %d", len(found), len(members))
	}
	for i, err := range found {
		if !strings.HasPrefix(err.Error(), fmt.Sprintf("%q", members[i].name)) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// What a member holds counts, not what the archive's directory says of it.
func TestVerifyDamage(t *testing.T) {
	t.Parallel()
	body := member{"a/body.txt", strings.Repeat("some text\n", 20_000)}
	record := line(sound()[0]) + line(sound()[1])
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		whole := withRecord(t, method, record+line(body), append(sound(), body)...)
		entry := bytes.LastIndex(whole, []byte(body.name)) - 46 // in the directory
		size := int64(len(body.content))
		for name, c := range map[string]struct {
			change func(data []byte)
			record string
			says   string
		}{
			"a bit":      {func(data []byte) { data[bytes.Index(data, []byte(body.name))+400] ^= 4 }, line(body), "cannot be unpacked"},
			"a checksum": {func(data []byte) { data[entry+16] ^= 1 }, line(body), "checksum"},
			"shorter":    {func(data []byte) { put(data[entry+24:], size+1) }, fmt.Sprintf("%s,sha256=x,%d\n", body.name, size+1), "shorter"},
			"longer":     {func(data []byte) { put(data[entry+24:], size-1) }, fmt.Sprintf("%s,sha256=x,%d\n", body.name, size-1), "longer"},
			"encrypted":  {func(data []byte) { data[entry+8] |= encrypted }, line(body), "is encrypted"},
			"a method":   {func(data []byte) { data[entry+10] = 99 }, line(body), "cannot be unpacked"},
		} {
			data := withRecord(t, method, record+c.record, append(sound(), body)...)
			entry = bytes.LastIndex(data, []byte(body.name)) - 46
			c.change(data)
			if method == zip.Store && (name == "shorter" || name == "longer") {
				put(data[entry+20:], size+map[string]int64{"shorter": 1, "longer": 0}[name]) // a stored member's two sizes
			}
			found := verify(t, data, true)
			if len(found) != 1 || !strings.Contains(found[0].Error(), c.says) && method == zip.Deflate {
				t.Errorf("%s, method %d: got %v", name, method, found)
			}
		}
	}
}

// put writes a size into a directory's entry.
func put(p []byte, n int64) { p[0], p[1], p[2], p[3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24) }

// What has a folder's name holds nothing.
func TestVerifyFolderWithData(t *testing.T) {
	t.Parallel()
	data := withRecord(t, zip.Store, line(sound()[0])+line(sound()[1]), sound(member{"folder?", "x"})...)
	data = bytes.ReplaceAll(data, []byte("folder?"), []byte("folder/"))
	if found := verify(t, data, false); len(found) != 1 || !strings.Contains(found[0].Error(), "a folder with data") {
		t.Errorf("got %v", found)
	}
}

// bzip2 is read, as Python reads it.
func TestVerifyOtherMethods(t *testing.T) {
	t.Parallel()
	packed, err := hex.DecodeString("425a68393141592653594eece83600000251800010400006449080200031064c4101a7a9a580bb9431f8bb9229c28482776741b0")
	if err != nil {
		t.Fatal(err)
	}
	body := member{"a/hello.txt", "hello world\n"}
	members := sound()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, m := range append(members, member{recordName, line(members[0]) + line(members[1]) + line(body)}) {
		w, err := z.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, m.content)
	}
	w, err := z.CreateRaw(&zip.FileHeader{Name: body.name, Method: bzipped, CRC32: 0xaf083b2d, CompressedSize64: uint64(len(packed)), UncompressedSize64: 12})
	if err != nil {
		t.Fatal(err)
	}
	w.Write(packed)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if found := verify(t, out.Bytes(), true); found != nil {
		t.Errorf("got %v", found)
	}
}

// A cancelled check ends at once and finds nothing.
func TestVerifyCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data := wheeltest.Wheel{Project: "demo"}.Bytes()
	if found, err := NewVerifier(Limits{}).Verify(ctx, bytes.NewReader(data), int64(len(data)), true); !errors.Is(err, context.Canceled) || found != nil {
		t.Errorf("got %v, %v", found, err)
	}
}

func FuzzParseRecord(f *testing.F) {
	for _, seed := range []string{
		"a/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\na-1.dist-info/RECORD,,\n",
		"\"a, b\",sha512=x,1\r\n\"a \"\"b\"\"\",,\n", "a,b\n", "a,sha256=,1\n", "a,=x,\n", "a,,-1\n", "a,,1\na,,2\n", "\"a\nb\",,\n", "\"", "a\"b,,\n", "\xff,,\n", ",,\n", "\x00,,",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		record, err := parseRecord(text)
		if err != nil {
			if fault.Code(err) != "record-mismatch" {
				t.Fatalf("an error without its code: %v", err)
			}
			return
		}
		for name, r := range record {
			if r.size < -1 || r.algorithm == "" && r.digest != "" || strings.HasSuffix(r.digest, "=") {
				t.Fatalf("%q gives %q: %+v", text, name, r)
			}
		}
		if len(record) > bytes.Count(text, []byte("\n"))+1 {
			t.Fatalf("%d lines of %q", len(record), text)
		}
	})
}

func FuzzParseWheel(f *testing.F) {
	for _, seed := range []string{
		"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n",
		"wheel-version:1.9\ntag:py3-none-\n any\n", "Wheel-Version: 2.0\n", "Wheel-Version: -1\n", "Wheel-Version: 99999999999999999999\n", "Tag: x\n", "", " x\n", "Wheel-Version: 1\x00\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tags, err := parseWheel(text)
		if err != nil {
			if code := fault.Code(err); code != "bad-wheel" && code != "zip-bomb" {
				t.Fatalf("an error without its code: %v", err)
			}
			return
		}
		if tags == nil || strings.ContainsFunc(strings.Join(tags, ""), isControl) {
			t.Fatalf("%q gives %q", text, tags)
		}
	})
}

// Whole archives, however broken, give mismatches or an error with a code.
func FuzzVerify(f *testing.F) {
	f.Add(wheeltest.Wheel{Project: "demo"}.Bytes())
	f.Add(wheeltest.Wheel{Project: "demo", Deflate: true, Files: map[string]string{"demo/x.txt": strings.Repeat("text ", 100)}}.Bytes())
	f.Add(withRecord(f, zip.Deflate, "a,sha256=x,1\n../b,,\n", member{"a", "xx"}, member{"../b", ""}))
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := Limits{Members: 100, Bytes: 1 << 20, MetadataBytes: 1 << 16}
		found, err := NewVerifier(limits).Verify(context.Background(), bytes.NewReader(data), int64(len(data)), true)
		if err != nil && fault.Code(err) == "" {
			t.Fatalf("an error without a code: %v", err)
		}
		for _, e := range found {
			if fault.Code(e) != "record-mismatch" {
				t.Fatalf("got %v", e)
			}
		}
	})
}

package s3store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fake is a server that speaks as much of S3 as a Store asks for. It keeps to
// what is written: conditions hold, parts below 5 MiB are refused, a body must
// have the sha256 that it was signed with.
type fake struct {
	*httptest.Server
	// fault answers a request instead; nil, or false: it does not.
	fault func(w http.ResponseWriter, r *http.Request) bool

	// modified is the age of every object.
	modified  time.Time
	now, most atomic.Int32 // the puts that are on their way

	mu      sync.Mutex
	objects map[string][]byte
	uploads map[string]map[int][]byte
	began   int
}

// pageSize is how many keys a page of a list has.
const pageSize = 2

var fakeTime = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{modified: fakeTime, objects: map[string][]byte{}, uploads: map[string]map[int][]byte{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// open gives a Store below a prefix of the fake's bucket.
func (f *fake) open(t *testing.T) *Store {
	t.Helper()
	s, err := Open("s3://bucket/some/where?endpoint="+f.URL, Options{
		Getenv:   environment(map[string]string{"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "not-to-be-seen"}),
		Attempts: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		n := f.now.Add(1)
		defer f.now.Add(-1)
		for most := f.most.Load(); n > most && !f.most.CompareAndSwap(most, n); most = f.most.Load() {
		}
	}
	if f.fault != nil && f.fault(w, r) {
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		return // the client went away
	case bucket != "bucket":
		answer(w, http.StatusNotFound, "NoSuchBucket")
		return
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Content-Sha256") != hexSum(body):
		answer(w, http.StatusBadRequest, "XAmzContentSHA256Mismatch")
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	query := r.URL.Query()
	switch {
	case key == "" && query.Get("list-type") == "2":
		f.list(w, query.Get("prefix"), query.Get("continuation-token"))
	case key == "":
		w.WriteHeader(http.StatusOK)
	case query.Has("uploads"), query.Has("uploadId"):
		f.multipart(w, r, key, body)
	case r.Method == http.MethodPut:
		f.put(w, r, key, body)
	case r.Method == http.MethodDelete:
		delete(f.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		data, ok := f.objects[key]
		if !ok {
			answer(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		w.Header().Set("ETag", `"opaque"`)
		http.ServeContent(w, r, "", f.modified, bytes.NewReader(data))
	}
}

// put makes an object appear, on the condition that the request has.
func (f *fake) put(w http.ResponseWriter, r *http.Request, key string, data []byte) {
	if _, there := f.objects[key]; there && r.Header.Get("If-None-Match") == "*" {
		answer(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	f.objects[key] = data
	w.Header().Set("ETag", `"opaque"`)
	if r.Method == http.MethodPost {
		fmt.Fprintf(w, "<CompleteMultipartUploadResult><Bucket>bucket</Bucket><Key>%s</Key></CompleteMultipartUploadResult>", key)
	}
}

func (f *fake) multipart(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	id := r.URL.Query().Get("uploadId")
	parts, known := f.uploads[id]
	switch {
	case id == "":
		f.began++
		id = fmt.Sprintf("upload-%d", f.began)
		f.uploads[id] = map[int][]byte{}
		fmt.Fprintf(w, "<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>", key, id)
	case !known:
		answer(w, http.StatusNotFound, "NoSuchUpload")
	case r.Method == http.MethodPut:
		number, _ := strconv.Atoi(r.URL.Query().Get("partNumber"))
		parts[number] = body
		w.Header().Set("ETag", fmt.Sprintf(`"part-%d"`, number))
	case r.Method == http.MethodDelete:
		delete(f.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	default:
		f.complete(w, r, key, id, body)
	}
}

func (f *fake) complete(w http.ResponseWriter, r *http.Request, key, id string, body []byte) {
	var named struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	if err := xml.Unmarshal(body, &named); err != nil {
		answer(w, http.StatusBadRequest, "MalformedXML")
		return
	}
	var all []byte
	for i, part := range named.Part {
		data, ok := f.uploads[id][part.PartNumber]
		if !ok || strings.Trim(part.ETag, `"`) != fmt.Sprintf("part-%d", part.PartNumber) || part.PartNumber != i+1 {
			answer(w, http.StatusBadRequest, "InvalidPart")
			return
		}
		if len(data) < 5<<20 && i < len(named.Part)-1 {
			answer(w, http.StatusBadRequest, "EntityTooSmall")
			return
		}
		all = append(all, data...)
	}
	f.put(w, r, key, all)
	delete(f.uploads, id)
}

func (f *fake) list(w http.ResponseWriter, prefix, after string) {
	var page strings.Builder
	listed, more := 0, ""
	for _, key := range slices.Sorted(maps.Keys(f.objects)) {
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		if listed == pageSize {
			more = after
			break
		}
		listed++
		after = key
		fmt.Fprintf(&page, "<Contents><Key>%s</Key><Size>%d</Size><LastModified>%s</LastModified></Contents>", key, len(f.objects[key]), f.modified.UTC().Format(time.RFC3339))
	}
	if more != "" {
		more = after
	}
	fmt.Fprintf(w, "<ListBucketResult><IsTruncated>%t</IsTruncated><NextContinuationToken>%s</NextContinuationToken>%s</ListBucketResult>", more != "", more, page.String())
}

// answer gives an error as S3 does.
func answer(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>it said 💥%s</Message></Error>", code, code)
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

package hubtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
)

// Folder is the variable that names the folder where exchanges are recorded;
// it must be there. Empty: none are.
const Folder = "WHEELHOUSE_TEST_EXCHANGES"

// wrong is the header that marks an answer as wrong on purpose.
const wrong = "Hubtest-Wrong"

// Wrong marks the answer as one that the API would not give. It is called
// before the answer's head is sent.
func Wrong(w http.ResponseWriter) { w.Header().Set(wrong, "yes") }

// Exchange is a request and its answer.
type Exchange struct {
	Method  string      `json:"method"`
	Path    string      `json:"path"` // below the API's address
	Query   string      `json:"query"`
	Header  http.Header `json:"header"` // the request's, without its token
	Body    []byte      `json:"body"`
	Status  int         `json:"status"`
	Answer  http.Header `json:"answer"`
	Content []byte      `json:"content"` // the answer's body
	// Wrong tells that the answer is so on purpose.
	Wrong bool `json:"wrong"`
}

// Record gives a handler that does as h and records what lies below the path
// base, "/api/v3". The answer of a handler that panics is not recorded. Where
// nothing is to be recorded it gives h itself.
func Record(h http.Handler, base string) http.Handler {
	folder := os.Getenv(Folder)
	if folder == "" {
		return h
	}
	return recorder{h, base, folder}
}

type recorder struct {
	http.Handler
	base, folder string
}

// ServeHTTP answers from the handler's whole answer; one that cannot be
// recorded becomes a 500, so that the test fails.
func (r recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	e := Exchange{
		Method: request.Method, Path: strings.TrimPrefix(request.URL.EscapedPath(), r.base), Query: request.URL.RawQuery,
		Header: request.Header.Clone(), Body: body,
	}
	e.Header.Del("Authorization")
	answer := httptest.NewRecorder()
	r.Handler.ServeHTTP(answer, request)
	if request.Context().Err() != nil {
		return // the client went away: there is no answer
	}
	e.Status, e.Answer, e.Content = answer.Code, answer.Result().Header, answer.Body.Bytes()
	e.Wrong = e.Answer.Get(wrong) != ""
	if err := e.write(r.folder); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for name, values := range e.Answer {
		w.Header()[name] = values
	}
	w.WriteHeader(e.Status)
	_, _ = w.Write(e.Content) // the client that went away does not mind
}

func (e Exchange) write(folder string) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, "*.json")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err := file.Close(); err != nil {
		return err
	}
	return err
}

// URL gives the address of the request at that server.
func (e Exchange) URL(server string) (*url.URL, error) {
	address := server + e.Path
	if e.Query != "" {
		address += "?" + e.Query
	}
	return url.Parse(address)
}

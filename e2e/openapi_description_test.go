//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

// GitHub's description of its API, as its own package on npm has it. To take
// a newer one: npm view @octokit/openapi version dist.integrity.
const (
	openapiPackage = "@octokit/openapi@23.0.2"
	openapiSHA512  = "pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg=="
	openapiMember  = "package/generated/api.github.com.json"
	openapiMost    = 64 << 20
)

// operation is one of the description's: "GET", "/repos/{owner}/{repo}".
type operation struct{ method, path string }

// matches tells whether the path is of the operation, and gives its parameters.
func (o operation) matches(path string) (map[string]string, bool) {
	want, got := strings.Split(o.path, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	parameters := map[string]string{}
	for i, part := range want {
		if strings.HasPrefix(part, "{") {
			parameters[strings.Trim(part, "{}")] = got[i]
		} else if part != got[i] {
			return nil, false
		}
	}
	return parameters, true
}

// description is what GitHub says of its API, reduced to some operations.
type description struct {
	*openapi3.T
	operations []operation
}

// loadDescription fetches the description with npm, pinned.
func loadDescription(t *testing.T, operations []operation) *description {
	t.Helper()
	npm, err := exec.LookPath("npm")
	need(t, err, "npm")
	dir := t.TempDir()
	// npm's own settings say where the registry is; they lie in the real home.
	got := run(t, dir, []string{"HOME=" + os.Getenv("HOME")}, npm, "pack", "--silent", "--ignore-scripts", openapiPackage)
	if got.status != 0 {
		need(t, fmt.Errorf("exit %d: %s", got.status, got.all()), openapiPackage)
	}
	packed := filepath.Join(dir, strings.TrimSpace(got.stdout))
	text := member(t, packed)
	small, err := reduce(text, operations)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(small)
	if err != nil {
		t.Fatal(err)
	}
	return &description{doc, operations}
}

// member gives the description out of the package, whose hash must be the
// pinned one.
func member(t *testing.T, packed string) []byte {
	t.Helper()
	file, err := os.Open(packed)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	hash := sha512.New()
	if _, err := io.Copy(hash, file); err != nil {
		t.Fatal(err)
	}
	if got := base64.StdEncoding.EncodeToString(hash.Sum(nil)); got != openapiSHA512 {
		t.Fatalf("the sha512 of %s is %s, not the pinned one", openapiPackage, got)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for members := tar.NewReader(unzipped); ; {
		header, err := members.Next()
		if err != nil {
			t.Fatalf("looking for %s: %v", openapiMember, err)
		}
		if header.Name != openapiMember {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(members, openapiMost))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
}

// reduce gives the description with these operations alone, and with what they
// refer to: all of it would take seconds to load.
func reduce(text []byte, operations []operation) ([]byte, error) {
	var all struct {
		OpenAPI    string                                `json:"openapi"`
		Info       json.RawMessage                       `json:"info"`
		Servers    json.RawMessage                       `json:"servers"`
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components map[string]map[string]json.RawMessage `json:"components"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	paths := map[string]map[string]json.RawMessage{}
	components := map[string]map[string]json.RawMessage{}
	var follow func(part json.RawMessage) error
	follow = func(part json.RawMessage) error {
		for _, reference := range references(part) {
			kind, name, _ := strings.Cut(reference, "/")
			if components[kind] == nil {
				components[kind] = map[string]json.RawMessage{}
			}
			if components[kind][name] != nil {
				continue
			}
			if all.Components[kind][name] == nil {
				return fmt.Errorf("the description lacks %s", reference)
			}
			components[kind][name] = all.Components[kind][name]
			if err := follow(components[kind][name]); err != nil {
				return err
			}
		}
		return nil
	}
	for _, o := range operations {
		part := all.Paths[o.path][strings.ToLower(o.method)]
		if part == nil {
			return nil, fmt.Errorf("the description has no %s %s", o.method, o.path)
		}
		if paths[o.path] == nil {
			paths[o.path] = map[string]json.RawMessage{}
		}
		paths[o.path][strings.ToLower(o.method)] = part
		if err := follow(part); err != nil {
			return nil, err
		}
	}
	if err := follow(json.RawMessage(`"#/components/schemas/basic-error"`)); err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"openapi": all.OpenAPI, "info": all.Info, "servers": all.Servers, "paths": paths, "components": components,
	})
}

// references gives what a part refers to among the components: "schemas/artifact".
func references(part json.RawMessage) []string {
	var found []string
	for _, rest := range strings.Split(string(part), `"#/components/`)[1:] {
		reference, _, _ := strings.Cut(rest, `"`)
		found = append(found, reference)
	}
	return found
}

// check holds an exchange against the description: the request as a whole, the
// answer where its status is described, an error as a basic-error elsewhere. An
// answer that is wrong on purpose is passed over, and so is where it led.
func (d *description) check(ctx context.Context, e hubtest.Exchange) (operation, error) {
	for _, o := range d.operations {
		if parameters, ok := o.matches(e.Path); ok && o.method == e.Method {
			return o, d.checkAs(ctx, o, parameters, e)
		}
	}
	if e.Wrong {
		return operation{}, nil
	}
	return operation{}, errors.New("the description has no such call, or none that is looked for here")
}

func (d *description) checkAs(ctx context.Context, o operation, parameters map[string]string, e hubtest.Exchange) error {
	address, err := e.URL(d.Servers[0].URL)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, e.Method, address.String(), bytes.NewReader(e.Body))
	if err != nil {
		return err
	}
	request.Header = e.Header
	item := d.Paths.Value(o.path)
	described := item.GetOperation(o.method)
	for name := range address.Query() {
		// Gitea takes these; GitHub passes over them.
		if name != "limit" && name != "return_run_details" && described.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("the request has the parameter %s, which is none", name)
		}
	}
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: parameters,
		Route:   &routers.Route{Spec: d.T, Server: d.Servers[0], Path: o.path, PathItem: item, Method: o.method, Operation: described},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateRequest(ctx, input); err != nil {
		return fmt.Errorf("the request: %w", err)
	}
	if e.Wrong {
		return nil
	}
	if described.Responses.Status(e.Status) == nil {
		return d.checkError(e)
	}
	if e.Status == http.StatusFound && e.Answer.Get("Location") == "" {
		return errors.New("the answer redirects to nowhere")
	}
	return openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: e.Status, Header: e.Answer, Body: io.NopCloser(bytes.NewReader(e.Content)), Options: input.Options,
	})
}

// checkError looks at an answer whose status the description leaves out: it has
// no body where HTTP allows none, else the API's usual error.
func (d *description) checkError(e hubtest.Exchange) error {
	if e.Status == http.StatusNotModified && len(e.Content) == 0 {
		return nil
	}
	if known := []int{401, 403, 404, 408, 409, 410, 422, 429}; !slices.Contains(known, e.Status) && e.Status < 500 {
		return fmt.Errorf("the API does not answer with %d", e.Status)
	}
	if media, _, _ := strings.Cut(e.Answer.Get("Content-Type"), ";"); media != "application/json" {
		return fmt.Errorf("an error as %q, not as JSON", media)
	}
	var body any
	if err := json.Unmarshal(e.Content, &body); err != nil {
		return err
	}
	object, _ := body.(map[string]any)
	if _, ok := object["message"]; !ok {
		return errors.New("an error without a message")
	}
	return d.Components.Schemas["basic-error"].Value.VisitJSON(body)
}

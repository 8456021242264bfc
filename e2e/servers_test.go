//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// compileTime is the most that compiling a server may take: the largest is some
// three minutes' work for two cores that have nothing else to do.
const compileTime = 15 * time.Minute

// startTime is the most that a server may take until it listens.
const startTime = 30 * time.Second

// The servers' user, known to nobody else.
const (
	serverKey    = "wheelhouse-key"
	serverSecret = "wheelhouse-secret"
)

// tool is a program of one of the modules under tools/servers, compiled by the
// first test that asks.
type tool struct {
	once sync.Once
	path string
}

var tools = map[string]*tool{"versitygw": {}, "rclone": {}, "registry": {}}

// serverProgram gives the path of a server's program.
func serverProgram(t *testing.T, name string) string {
	t.Helper()
	made := tools[name]
	made.once.Do(func() {
		ctx, cancel := context.WithTimeout(t.Context(), compileTime)
		defer cancel()
		cmd := command(ctx, "..", nil, "go", "tool", "-modfile=tools/servers/"+name+"/go.mod", "-n", name)
		cmd.Stderr = os.Stderr // what it downloads, and what is wrong
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("compiling %s: %v", name, err)
		}
		made.path = strings.TrimSpace(string(out))
	})
	if made.path == "" {
		t.Fatalf("%s could not be compiled; an earlier test says why", name)
	}
	return made.path
}

// serve runs a server on a free port of loopback until the test ends, and gives
// its address. args gives the arguments for an address.
func serve(t *testing.T, name string, more []string, args func(address string) []string) string {
	t.Helper()
	program := serverProgram(t, name)
	address := freeAddress(t)
	var output bytes.Buffer
	cmd := command(t.Context(), t.TempDir(), more, append([]string{program}, args(address)...)...)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { end(t, cmd, ended, &output) })
	deadline := time.After(startTime)
	for {
		if connection, err := net.Dial("tcp", address); err == nil {
			_ = connection.Close() // it was only to see whether anybody is there
			return address
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v\n%s", name, err, output.String())
		case <-deadline:
			t.Fatalf("%s does not listen after %s", name, startTime)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// end kills a server and waits for it; what it said helps where a test failed.
func end(t *testing.T, cmd *exec.Cmd, ended chan error, output *bytes.Buffer) {
	_ = cmd.Process.Kill() // it may have ended by itself
	<-ended
	if t.Failed() {
		said := output.Bytes()
		t.Logf("the server said:\n%s", said[max(0, len(said)-2000):])
	}
}

// freeAddress gives an address on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // it is to be free
	return listener.Addr().String()
}

// bucketFolder makes a folder that a server serves, with one bucket in it.
func bucketFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "wheels"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// versitygw serves S3, and gives the URL of a store in it.
func versitygw(t *testing.T) string {
	t.Helper()
	dir := bucketFolder(t)
	address := serve(t, "versitygw", []string{"ROOT_ACCESS_KEY=" + serverKey, "ROOT_SECRET_KEY=" + serverSecret}, func(address string) []string {
		return []string{"--port", address, "posix", dir}
	})
	return "s3://wheels/below?endpoint=http://" + address + "&path-style=true&region=us-east-1"
}

// rcloneS3 serves S3, and gives the URL of a store in it.
func rcloneS3(t *testing.T) string {
	t.Helper()
	dir := bucketFolder(t)
	address := serve(t, "rclone", nil, func(address string) []string {
		return []string{"serve", "s3", "--addr", address, "--auth-key", serverKey + "," + serverSecret, "--config", os.DevNull, dir}
	})
	return "s3://wheels/below?endpoint=http://" + address + "&path-style=true"
}

// registryOCI serves OCI, and gives the URL of a store in it.
func registryOCI(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	address := serve(t, "registry", []string{"OTEL_TRACES_EXPORTER=none"}, func(address string) []string {
		config := write(t, filepath.Join(t.TempDir(), "registry.yml"), "version: 0.1\nlog: {level: warn}\nhttp: {addr: \""+address+"\"}\n"+
			"storage:\n  delete: {enabled: true}\n  filesystem: {rootdirectory: \""+filepath.ToSlash(dir)+"\"}\n")
		return []string{"serve", config}
	})
	return "oci://" + address + "/owner/wheels"
}

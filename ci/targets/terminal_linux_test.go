package targets_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

// TestTerminal holds what a person at a terminal sees of a transfer, and what
// is left of it on the screen: nothing.
func TestTerminal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		env  string
		// act is done once half of it came and the line shows that.
		act    func(t *testing.T, terminal *os.File)
		status int
		left   string // on the screen at its end, the last lines
	}{
		{"done", "TERM=xterm", func(*testing.T, *os.File) {}, 0, "ci_artifacts/run-9\n"},
		{"Ctrl-C", "TERM=xterm", func(t *testing.T, terminal *os.File) {
			if _, err := terminal.WriteString("\x03"); err != nil {
				t.Error(err)
			}
		}, 130, "[interrupted]\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			terminal, tty := openTerminal(t)
			shown := make(chan struct{})
			address := halting(t, shown)
			cmd := fetching(t, address, test.env)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			begin(t, cmd)
			tty.Close() // ours; the terminal ends with the command's
			var said bytes.Buffer
			buffer := make([]byte, 4096)
			acted := false
			for {
				n, err := terminal.Read(buffer)
				said.Write(buffer[:n])
				if !acted && strings.Contains(said.String(), "MB of ") {
					acted = true
					close(shown)
					test.act(t, terminal)
				}
				if err != nil {
					break
				}
			}
			_ = cmd.Wait() // its status is looked at
			if !acted {
				close(shown)
				t.Fatalf("no transfer was shown: %q", said.String())
			}
			if got := cmd.ProcessState.ExitCode(); got != test.status {
				t.Errorf("exit status %d, want %d", got, test.status)
			}
			screen := onScreen(said.String())
			if !strings.HasSuffix(screen, test.left) || strings.ContainsAny(screen, "\r\x1b") || strings.Contains(screen, "MB of ") {
				t.Errorf("on the screen:\n%s\nof %q", screen, said.String())
			}
			if !strings.Contains(screen, "run 9 of heavy-deps.yml") {
				t.Errorf("a note was lost:\n%s", screen)
			}
		})
	}
}

// TestNoTerminal holds that a log gets no control characters: a pipe, and a
// terminal that nobody looks at.
func TestNoTerminal(t *testing.T) {
	t.Parallel()
	open := make(chan struct{})
	close(open)
	for _, env := range []string{"TERM=xterm", "TERM=dumb", "CI=true"} {
		terminal, tty := openTerminal(t)
		cmd := fetching(t, halting(t, open), env)
		var said bytes.Buffer
		if env == "TERM=xterm" {
			cmd.Stdout, cmd.Stderr = &said, &said
			begin(t, cmd)
			tty.Close()
		} else {
			cmd.Stdout, cmd.Stderr = tty, tty
			begin(t, cmd)
			tty.Close()
			_, _ = io.Copy(&said, terminal) // it ends with an error when the command does
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", env, err)
		}
		plain := strings.ReplaceAll(said.String(), "\r\n", "\n") // the terminal's own
		if strings.ContainsFunc(plain, func(r rune) bool { return r < ' ' && r != '\n' }) || !strings.Contains(plain, "unpacking and checking wheels ...\n") {
			t.Errorf("%s: said %q", env, plain)
		}
	}
}

// onScreen gives what a terminal that is wide enough shows at the end.
func onScreen(said string) string {
	var screen strings.Builder
	var line []rune
	at := 0
	for rest := said; rest != ""; {
		if after, ok := strings.CutPrefix(rest, "\x1b[K"); ok {
			line, rest = line[:at], after
			continue
		}
		r, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
		switch {
		case r == '\r':
			at = 0
		case r == '\n':
			screen.WriteString(string(line) + "\n")
			line, at = nil, 0
		default:
			line = append(line[:at], append([]rune{r}, line[min(at+1, len(line)):]...)...)
			at++
		}
	}
	return screen.String() + string(line)
}

// openTerminal gives a pseudo-terminal's two ends.
func openTerminal(t *testing.T) (terminal, tty *os.File) {
	t.Helper()
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { terminal.Close() })
	number, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(terminal.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return terminal, tty
}

// fetching is the command in a folder of its own.
func fetching(t *testing.T, address, env string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	settings := filepath.Join(dir, "ci", "wheelhouse.toml")
	if err := os.MkdirAll(filepath.Dir(settings), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(settings, []byte("python = \"3.11\"\n[fetch]\nartifact = \"wheels\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(bin, "wheelhouse"), "fetch", "-repo=o/r")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "NO_PROXY=127.0.0.1", "GH_TOKEN=none", "GITHUB_API_URL=" + address, env}
	return cmd
}

func begin(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// halting serves a run with an artifact of 4 MB, and stops halfway through its
// bytes until shown is closed.
func halting(t *testing.T, shown chan struct{}) string {
	t.Helper()
	dir := t.TempDir()
	var body bytes.Buffer
	archive := zip.NewWriter(&body)
	wheel := wheeltest.Wheel{Project: "demo", Version: "1.0"}.Write(dir)
	data, err := os.ReadFile(wheel)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"wheelhouse-3.11.tgz": wheeltest.Tarball(wheeltest.Member{Name: filepath.Base(wheel), Data: data}), "notes.txt": make([]byte, 4<<20),
	} {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	artifact := hubtest.Artifact(90, "wheels", body.Len()).With("digest", fmt.Sprintf("sha256:%x", sha256.Sum256(body.Bytes())))
	mux := http.NewServeMux()
	mux.HandleFunc("/repos/o/r", func(w http.ResponseWriter, _ *http.Request) { hubtest.Answer(w, hubtest.Repository(7, "o/r")) })
	mux.HandleFunc("/repos/o/r/actions/workflows/heavy-deps.yml/runs", func(w http.ResponseWriter, _ *http.Request) {
		hubtest.Answer(w, hubtest.Runs(hubtest.Run(9, "completed", "success")))
	})
	mux.HandleFunc("/repos/o/r/actions/runs/9/artifacts", func(w http.ResponseWriter, _ *http.Request) { hubtest.Answer(w, hubtest.Artifacts(artifact)) })
	mux.HandleFunc("/repos/o/r/actions/artifacts/90/zip", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/blob", http.StatusFound) })
	mux.HandleFunc("/blob", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(body.Len())) // and no ranges
		half := body.Len() / 2
		_, _ = w.Write(body.Bytes()[:half])
		_ = http.NewResponseController(w).Flush()
		select {
		case <-shown:
		case <-r.Context().Done():
		}
		_, _ = w.Write(body.Bytes()[half:])
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

package bench

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/python"
)

// fact is one line of the machine's description.
type fact struct{ name, value string }

// machine describes what the figures were taken on: what matters to them, and
// nothing that tells one machine of a kind from another.
func machine(ctx context.Context, i python.Interpreter) []fact {
	return append(system(ctx), known([]fact{
		{"Python", i.Version},
		{"pip", secondWord(word(ctx, i.Path, "-I", "-m", "pip", "--version"))},
		{"tar", word(ctx, "tar", "--version")},
		{"gzip", word(ctx, "gzip", "--version")},
		{"sha256sum", word(ctx, "sha256sum", "--version")},
	})...)
}

// system describes the machine itself.
func system(ctx context.Context) []fact {
	return known([]fact{
		{"cores", strconv.Itoa(runtime.NumCPU())},
		{"processor", firstOf(field("/proc/cpuinfo", "model name"), word(ctx, "sysctl", "-n", "machdep.cpu.brand_string"), runtime.GOARCH)},
		{"memory", firstOf(kibibytes(field("/proc/meminfo", "MemTotal")), bytesText(word(ctx, "sysctl", "-n", "hw.memsize")))},
		{"system", firstOf(strings.Trim(field("/etc/os-release", "PRETTY_NAME"), `"`), runtime.GOOS)},
		{"Go", strings.TrimPrefix(runtime.Version(), "go")},
	})
}

// known says of what is not known that it is unknown.
func known(facts []fact) []fact {
	for n := range facts {
		facts[n].value = firstOf(facts[n].value, "unknown")
	}
	return facts
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// word gives the first line of what a program prints, "" when it cannot run.
func word(ctx context.Context, args ...string) string {
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
	if err != nil {
		return ""
	}
	text, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(text)
}

// secondWord leaves out pip's own path, which follows its version.
func secondWord(text string) string {
	if fields := strings.Fields(text); len(fields) > 1 {
		return fields[1]
	}
	return ""
}

// field gives the value of the first "key : value" or "key=value" line of one
// of the system's files, "" when there is none.
func field(file, key string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		at := strings.IndexAny(lines.Text(), ":=")
		if at > 0 && strings.TrimSpace(lines.Text()[:at]) == key {
			return strings.TrimSpace(lines.Text()[at+1:])
		}
	}
	return ""
}

func kibibytes(text string) string {
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(text, "kB")), 10, 64)
	if err != nil {
		return ""
	}
	return gibibytes(n << 10)
}

func bytesText(text string) string {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return ""
	}
	return gibibytes(n)
}

func gibibytes(n int64) string {
	return strconv.FormatInt((n+1<<29)>>30, 10) + " GiB"
}

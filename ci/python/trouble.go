package python

import (
	"regexp"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// trouble is a kind of network failure.
type trouble int

const (
	none trouble = iota
	tls
	refused
	unreachable
)

// troubles in the order in which they are told when there are several.
var troubles = [...]struct {
	kind          trouble
	code, summary string
	hint          string
}{
	{tls, "index-tls", "the index cannot be trusted", "name its certificate authority by PIP_CERT or `pip config set global.cert FILE`, or another index by PIP_INDEX_URL"},
	{refused, "index-refused", "the index refuses", "check the credentials, or name another index by PIP_INDEX_URL or `pip config set global.index-url URL`"},
	{unreachable, "index-unreachable", "the index cannot be reached", "check the network and the proxy, or name another index by PIP_INDEX_URL or `pip config set global.index-url URL`"},
}

// otherWay ends the hint of every failure that the network caused.
const otherWay = "; wheels made elsewhere are packed by the option -wheels=DIR of build"

var (
	// troubleLine matches the lines of pip's that tell of failed requests.
	troubleLine = regexp.MustCompile(`^(Could not fetch URL |(WARNING|ERROR): |There was a problem |pip\._vendor\.(urllib3|requests)\.)`)
	tlsText     = regexp.MustCompile(`(?i)certificate|SSLError|\bSSL:|\bTLS\b|not a trusted or secure host`)
	refusedText = regexp.MustCompile(`\b(401|403|407) (Client )?Error|HTTP error (401|403|407)\b|Tunnel connection failed: (401|403|407)\b`)
	lostText    = regexp.MustCompile(`(?i)connection error|connection broken|timed out|didn't respond|did not respond|Max retries exceeded|` +
		`NewConnectionError|NameResolutionError|ProxyError|Connection (refused|reset|aborted)|name resolution|\b5\d\d Server Error|HTTP error (429|5\d\d)\b|429 Client Error`)
	// ownText tells of a failure that another index would not mend.
	ownText = regexp.MustCompile(`DO NOT MATCH THE HASHES|Hashes are required|--require-hashes|Failed building wheel|Failed to build|metadata-generation-failed|ResolutionImpossible|Invalid requirement|Could not open requirements file`)
)

// networkTrouble tells which kind of failure a line of pip's tells of.
func networkTrouble(line string) trouble {
	switch {
	case !troubleLine.MatchString(line):
		return none
	case tlsText.MatchString(line):
		return tls
	case refusedText.MatchString(line):
		return refused
	case lostText.MatchString(line):
		return unreachable
	}
	return none
}

// pipFailed makes the error of a pip that failed while it was doing that, from
// the last lines that it printed and from its log; none of them holds a secret.
func pipFailed(doing string, lines []string, seen map[trouble]string, r *redactor) error {
	said := shorten(errorLines(lines), 2000)
	if !ownText.MatchString(strings.Join(lines, "\n")) {
		for _, t := range troubles {
			if line := seen[t.kind]; line != "" {
				return fault.New(fault.Unable, t.code, "%s: %s: %s", doing, t.summary, shorten(printable(r.text(line)), 500)).
					WithHint("%s%s", t.hint, otherWay)
			}
		}
	}
	err := fault.New(fault.Refused, "pip-failed", "%s: pip failed: %s", doing, said)
	switch {
	case strings.Contains(said, "DO NOT MATCH THE HASHES"):
		err.WithHint("the index has other files than the requirements list: compile the requirements again, or find out who changed them")
	case strings.Contains(said, "No matching distribution"):
		err.WithHint("check name and version, and that the index (PIP_INDEX_URL, `pip config list`) has it for this Python")
	}
	return err
}

// errorLines gives pip's own errors out of what it printed, or its last line
// when it names none.
func errorLines(lines []string) string {
	var errs []string
	for n, line := range lines {
		if text, ok := strings.CutPrefix(line, "ERROR: "); ok {
			errs = append(errs, text)
			// The lines of a hash mismatch follow, indented.
			for _, next := range lines[n+1:] {
				if !strings.HasPrefix(next, "    ") || len(errs) > 20 {
					break
				}
				errs = append(errs, strings.TrimSpace(next))
			}
		}
	}
	if len(errs) == 1 && errs[0] == "Exception:" && len(lines) > 0 {
		// pip itself broke: what follows is its stack, and what happened stands last.
		errs[0] = "it broke: " + lines[len(lines)-1]
	}
	if len(errs) == 0 && len(lines) > 0 {
		errs = lines[len(lines)-1:]
	}
	if len(errs) == 0 {
		return "it printed nothing"
	}
	return strings.Join(errs, "; ")
}

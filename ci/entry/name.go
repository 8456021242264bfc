package entry

import (
	"path"
	"strings"
	"time"
)

// Latest is the word that stands for the newest entry; no run may be called so.
const Latest = "latest"

// maxRun is the longest run id, in bytes.
const maxRun = 100

// dateLayout is YYYYMMDD.
const dateLayout = "20060102"

// ValidRun tells whether a run id can name an entry: 1 to 100 letters, digits,
// ".", "_" and "-" of ASCII, neither "." nor "-" first, and not "latest".
func ValidRun(run string) bool {
	if run == "" || len(run) > maxRun || run == Latest || run[0] == '.' || run[0] == '-' {
		return false
	}
	return strings.IndexFunc(run, func(r rune) bool { return !nameRune(r) }) < 0
}

// nameRune tells whether r may stand in a run id.
func nameRune(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return true
	}
	return r == '.' || r == '_' || r == '-'
}

// Name gives the name of the folder of a run: <YYYYMMDD>-<run>, the date in UTC.
func Name(date time.Time, run string) string {
	return date.UTC().Format(dateLayout) + "-" + run
}

// ParseName splits the name of an entry's folder. ok is false when the name
// is not that of an entry.
func ParseName(name string) (date, run string, ok bool) {
	const at = len(dateLayout)
	if len(name) < at+2 || name[at] != '-' || !validDate(name[:at]) || !ValidRun(name[at+1:]) {
		return "", "", false
	}
	return name[:at], name[at+1:], true
}

// validDate tells whether date is a day of the calendar, YYYYMMDD.
func validDate(date string) bool {
	for _, c := range []byte(date) {
		if c < '0' || c > '9' {
			return false
		}
	}
	_, err := time.Parse(dateLayout, date)
	return err == nil
}

// flatMark stands between the tarball's name and the run id in flat names.
const flatMark = "-run-"

// ParseFlatName splits the name of a flat old record,
// "wheelhouse-3.11-run-<ID>.meta": the base, "wheelhouse-3.11", the run id,
// and the tarball's name. A record that was written for the tarball itself,
// "….tgz.meta", is one as well. ok is false for every other name.
func ParseFlatName(name string) (base, run, tarball string, ok bool) {
	stem, found := strings.CutSuffix(name, metaSuffix)
	if !found || strings.HasPrefix(name, ".") {
		return "", "", "", false
	}
	stem = strings.TrimSuffix(stem, tarSuffix)
	at := strings.LastIndex(stem, flatMark)
	if at <= 0 || !ValidRun(stem[at+len(flatMark):]) {
		return "", "", "", false
	}
	return stem[:at], stem[at+len(flatMark):], stem + tarSuffix, true
}

// The ends of names.
const (
	tarSuffix     = ".tgz"
	metaSuffix    = ".meta"
	verdictSuffix = ".verdict.json"
	pointerSuffix = ".pointer"
	pinSuffix     = ".pin"
)

// The ends of the names of what says who made a tarball: inventory, statement,
// checksums, Sigstore bundle; a signature's comes after that of what it signs.
const (
	SBOMSuffix      = ".cdx.json"
	StatementSuffix = ".intoto.jsonl"
	ChecksumsSuffix = ".sha256sums"
	BundleSuffix    = ".sigstore.json"
	SignatureSuffix = ".asc"
)

// MetaName gives the name of a tarball's record.
func MetaName(tarball string) string { return tarball + metaSuffix }

// VerdictName gives the name of a tarball's verdict.
func VerdictName(tarball string) string { return tarball + verdictSuffix }

// RequirementsDir gives the name of the folder that holds the requirements of
// a tarball in its entry.
func RequirementsDir(tarball string) string { return tarball + ".requirements" }

// Papers gives the names of what says who made a tarball: inventory, statement,
// checksums, signatures and bundle. Its signatures come last.
func Papers(tarball string) []string {
	return append([]string{
		tarball + SBOMSuffix, tarball + StatementSuffix, BundleName(tarball), ChecksumsName(tarball),
	}, Signatures(tarball)...)
}

// ChecksumsName is that of what sha256sum -c reads.
func ChecksumsName(tarball string) string { return tarball + ChecksumsSuffix }

// BundleName is that of what GitHub attests, which may come after the signatures.
func BundleName(tarball string) string { return tarball + BundleSuffix }

// Signatures are those of the tarball and of the checksums. With either, none of
// the other files may change.
func Signatures(tarball string) []string {
	return []string{tarball + SignatureSuffix, ChecksumsName(tarball) + SignatureSuffix}
}

// pythonOf gives the Python that a tarball's name tells: "3.11" for
// "wheelhouse-3.11.tgz" and "wheelhouse-3.11-run-7.tgz"; else "".
func pythonOf(tarball string) string {
	stem := strings.TrimSuffix(path.Base(tarball), tarSuffix)
	if at := strings.LastIndex(stem, flatMark); at > 0 {
		stem = stem[:at]
	}
	for _, part := range strings.Split(stem, "-") {
		major, minor, ok := strings.Cut(strings.TrimSuffix(part, "t"), ".")
		if ok && digits(major) && digits(minor) {
			return part
		}
	}
	return ""
}

// digits tells whether s is one to three decimal digits.
func digits(s string) bool {
	if s == "" || len(s) > 3 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

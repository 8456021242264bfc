package config

// Settings are the settings in force. Paths are absolute.
type Settings struct {
	// Python is a version, "3.11" or "3.13t", or the path of an interpreter.
	Python string
	// Name is the tarball's base name without .tgz; {python} in it stands for
	// the version: "wheelhouse-{python}".
	Name string
	// Requirements is the requirements file.
	Requirements string
	Build        struct {
		// Out is the folder that tarball, lock and record are written to.
		Out string
	}
	Lock struct {
		// URLs is "index" (the lock names each wheel's URL) or "none".
		URLs string
	}
	Validate struct {
		// Packages are the critical ones (PEP 508); empty for none.
		Packages []string
		// Tests is the folder of the smoke tests; empty for no tests.
		Tests string
		// Python are the Pythons to prove with, each a version or a path; empty
		// for Settings.Python.
		Python []string
		// Installer is "pip" or "uv".
		Installer string
		// Network is "prefer" (a network namespace where there is one) or
		// "require".
		Network string
		// Warn are the rules' codes that are to be warnings, each for all
		// wheels or for one project's ("code:project").
		Warn []string
		// GLIBC is the highest glibc that wheels may ask for, "2.28"; empty for
		// any.
		GLIBC string
		// Record tells whether members' bytes are held against RECORD.
		Record bool
	}
	Fetch struct {
		// Outdir is the folder that artifacts of runs are fetched to.
		Outdir string
		// Repo is OWNER/REPO or HOST/OWNER/REPO; empty for the checkout's own.
		Repo string
		// Workflow is the name of the workflow's file.
		Workflow string
		// Artifact is the artifact's name; {python} in it stands for the
		// version.
		Artifact string
	}
	GitHub struct {
		// APIURL is the address of the API; empty for the host's own.
		APIURL string
	}
	Archive struct {
		// Dir is the archive's folder.
		Dir string
		// Owner is whom to ask about the archive; may be empty.
		Owner string
	}
	Retention struct {
		// KeepLast and the like are numbers of tarballs, or of periods; 0 is
		// off.
		KeepLast, KeepDaily, KeepWeekly, KeepMonthly, KeepYearly int
		// KeepWithin is a number of days; 0 is off.
		KeepWithin             int
		KeepPinned, KeepProven bool
		// MaxSize is the most bytes of all that is kept; 0 is any.
		MaxSize int64
		// GroupBy are "python" and "platform", or fewer.
		GroupBy []string
		// IndexCounts tells whether a package index counts as a way back by
		// itself.
		IndexCounts bool
	}
	Store struct {
		// URL of the store.
		URL string
		// Grace is how many days garbage is left alone.
		Grace int
	}
	Trust struct {
		// Keyring is a file of the public keys whose signatures can be told;
		// empty for none. Fingerprints are those of the keys that count, whole,
		// in upper case.
		Keyring      string
		Fingerprints []string
		// Require are "checksums", "signature", "statement" and "bundle", or
		// fewer.
		Require []string
		// Repository is OWNER/REPO, Workflow a path in it, Builder a builder's
		// id: what a statement must name; empty for any.
		Repository, Workflow, Builder string
		// DSSEKey is a file with an ed25519 key in PEM; empty for none.
		DSSEKey string
		// SigstoreRoot is a file with Sigstore's trusted root; empty for the
		// one that gh fetches.
		SigstoreRoot string
	}
	Limits struct {
		// Members is the most members of a tarball.
		Members int
		// MemberBytes is the most bytes of one member, TotalBytes of all.
		MemberBytes int64
		TotalBytes  int64
		// Ratio is the most bytes inflated for one compressed.
		Ratio int
		// WheelMembers is the most members of a wheel, WheelBytes the most
		// bytes that they may unpack to, WheelRatio that for one of the
		// wheel's, WheelMetadataBytes the most of METADATA.
		WheelMembers       int
		WheelBytes         int64
		WheelRatio         int
		WheelMetadataBytes int64
	}
}

// kind is what a setting's value is.
type kind int

const (
	text kind = iota
	path
	python // a version or a path
	list
	number // from 1
	count  // from 0
	boolean
	size
	span    // days
	pythons // versions or paths
)

// setting is one row of the table.
type setting struct {
	key  string
	kind kind
	// fallback is the default, as a variable would give it.
	fallback string
	// optional tells that empty means something.
	optional bool
	// choices are all the values there are; nil for any.
	choices []string
	// check says what is wrong with a text; nil for nothing.
	check func(string) error
	// doc tells what it is, its unit and what is special, for the file.
	doc string
	// field points to where the value goes: *string, *[]string, *int, *int64 or
	// *bool.
	field func(*Settings) any
}

// settings is the table. Keys of one group stand together.
func settings() []setting {
	return []setting{
		{
			key: "python", kind: python, fallback: "3.11",
			doc:   "The Python that the wheels are for: a version in quotes, \"3.11\" or \"3.13t\" (free-threaded),\nor the path of an interpreter.",
			field: func(s *Settings) any { return &s.Python },
		}, {
			key: "name", fallback: "wheelhouse-{python}", check: checkName,
			doc:   "The tarball's base name, a bare file name without .tgz.\n{python} in it becomes the version.",
			field: func(s *Settings) any { return &s.Name },
		}, {
			key: "requirements", kind: path, fallback: "doc_processor/requirements-heavy.txt",
			doc:   "The requirements file that the wheelhouse is built from.",
			field: func(s *Settings) any { return &s.Requirements },
		}, {
			key: "build.out", kind: path, fallback: "dist",
			doc:   "The folder for tarball, lock and record; made when absent.",
			field: func(s *Settings) any { return &s.Build.Out },
		}, {
			key: "lock.urls", fallback: "index", choices: []string{"index", "none"},
			doc:   "Whether the lock says where each wheel came from: \"index\" names its URL\n(without user, query and fragment), \"none\" names none.",
			field: func(s *Settings) any { return &s.Lock.URLs },
		}, {
			key: "validate.packages", kind: list, fallback: "numpy,Pillow,pytesseract", optional: true, check: checkItem,
			doc:   "The critical packages: each must be in the wheelhouse and installable.\nRequirements as in PEP 508, with extras if need be; [] for none.",
			field: func(s *Settings) any { return &s.Validate.Packages },
		}, {
			key: "validate.tests", kind: path, fallback: "doc_processor", optional: true,
			doc:   "The folder whose smoke tests (pytest -k smoke) must pass; \"\" for no tests.",
			field: func(s *Settings) any { return &s.Validate.Tests },
		}, {
			key: "validate.python", kind: pythons, fallback: "", optional: true,
			doc:   "The Pythons that prove the wheelhouse, one after the other: versions or paths, as in\n[\"3.11\", \"3.12\"]; [] for the one of the setting python.",
			field: func(s *Settings) any { return &s.Validate.Python },
		}, {
			key: "validate.installer", fallback: "pip", choices: []string{"pip", "uv"},
			doc:   "What installs in the proof: \"pip\", the interpreter's own, or \"uv\", from PATH or\nimportable by the interpreter.",
			field: func(s *Settings) any { return &s.Validate.Installer },
		}, {
			key: "validate.network", fallback: "prefer", choices: []string{"prefer", "require"},
			doc:   "Whether the proof must run without a network: \"prefer\" takes a network\nnamespace where the machine has one and says so where not, \"require\" fails there.",
			field: func(s *Settings) any { return &s.Validate.Network },
		}, {
			key: "validate.warn", kind: list, fallback: "", optional: true, check: checkWarn,
			doc:   "Rules that only warn: codes as in the findings, each for all wheels or, as in\n\"record-mismatch:sentry-cli\", for one project's; [] for none.",
			field: func(s *Settings) any { return &s.Validate.Warn },
		}, {
			key: "validate.glibc", fallback: "", optional: true, check: checkGLIBC,
			doc:   "The oldest glibc that the wheels are to run on, such as \"2.28\": wheels that ask for\na later one are refused; \"\" for any.",
			field: func(s *Settings) any { return &s.Validate.GLIBC },
		}, {
			key: "validate.record", kind: boolean, fallback: "true",
			doc:   "Whether every file in the wheels is held against the hash in its wheel's RECORD.\nNames and sizes always are.",
			field: func(s *Settings) any { return &s.Validate.Record },
		}, {
			key: "fetch.outdir", kind: path, fallback: "ci_artifacts",
			doc:   "The folder that the artifacts of CI runs are fetched to.",
			field: func(s *Settings) any { return &s.Fetch.Outdir },
		}, {
			key: "fetch.repo", fallback: "", optional: true,
			doc:   "The repository whose runs are fetched, OWNER/REPO or HOST/OWNER/REPO; \"\" for\nGH_REPO, GITHUB_REPOSITORY or the checkout's remote.",
			field: func(s *Settings) any { return &s.Fetch.Repo },
		}, {
			key: "fetch.workflow", fallback: "heavy-deps.yml",
			doc:   "The workflow whose runs are fetched: its file's name, or its id.",
			field: func(s *Settings) any { return &s.Fetch.Workflow },
		}, {
			key: "fetch.artifact", fallback: "wheelhouse-{python}",
			doc:   "The artifact's name. {python} in it becomes the version.",
			field: func(s *Settings) any { return &s.Fetch.Artifact },
		}, {
			key: "github.api-url", fallback: "", optional: true,
			doc:   "The address of GitHub's API, https://HOST/api/v3 for an Enterprise server; \"\" for\nGITHUB_API_URL, else what follows from the repository's host.",
			field: func(s *Settings) any { return &s.GitHub.APIURL },
		}, {
			key: "archive.dir", kind: path, fallback: "docs/ci-archive",
			doc:   "The archive's folder.",
			field: func(s *Settings) any { return &s.Archive.Dir },
		}, {
			key: "archive.owner", fallback: "", optional: true,
			doc:   "Whom to ask about the archive: a name, a team, an address; \"\" for nobody.\nThe archive's index says it.",
			field: func(s *Settings) any { return &s.Archive.Owner },
		}, {
			key: "retention.keep-last", kind: count, fallback: "3",
			doc:   "What prune keeps, in each group: the newest so many tarballs. What any rule keeps is\nkept; 0 switches a rule off.",
			field: func(s *Settings) any { return &s.Retention.KeepLast },
		}, {
			key: "retention.keep-within", kind: span, fallback: "30d",
			doc:   "Those of so long before the newest: text such as 30d, 8w, 6m or 2y (a month has 30\ndays, a year 365); \"0\" is off.",
			field: func(s *Settings) any { return &s.Retention.KeepWithin },
		}, {
			key: "retention.keep-daily", kind: count, fallback: "0",
			doc:   "The newest of each of the last so many days (UTC) that have any.",
			field: func(s *Settings) any { return &s.Retention.KeepDaily },
		}, {
			key: "retention.keep-weekly", kind: count, fallback: "0",
			doc:   "The same for weeks, from Monday.",
			field: func(s *Settings) any { return &s.Retention.KeepWeekly },
		}, {
			key: "retention.keep-monthly", kind: count, fallback: "0",
			doc:   "The same for months.",
			field: func(s *Settings) any { return &s.Retention.KeepMonthly },
		}, {
			key: "retention.keep-yearly", kind: count, fallback: "0",
			doc:   "The same for years.",
			field: func(s *Settings) any { return &s.Retention.KeepYearly },
		}, {
			key: "retention.keep-pinned", kind: boolean, fallback: "true",
			doc:   "Whether what somebody pinned is kept.",
			field: func(s *Settings) any { return &s.Retention.KeepPinned },
		}, {
			key: "retention.keep-proven", kind: boolean, fallback: "true",
			doc:   "Whether the newest that passed a proof is kept.",
			field: func(s *Settings) any { return &s.Retention.KeepProven },
		}, {
			key: "retention.max-size", kind: size, fallback: "", optional: true,
			doc:   "The most that all kept tarballs may have together, such as \"5GB\": the oldest go\nfirst, but never what is pinned, the newest proven, or the last of its group; \"\" for any.",
			field: func(s *Settings) any { return &s.Retention.MaxSize },
		}, {
			key: "retention.group-by", kind: list, fallback: "python,platform", optional: true, check: checkGrouping,
			doc:   "What makes a group, in which the rules count: python, platform (system and machine,\nnot the glibc), or both; [] for one group of all.",
			field: func(s *Settings) any { return &s.Retention.GroupBy },
		}, {
			key: "retention.index-counts", kind: boolean, fallback: "false",
			doc:   "Whether wheels that came unchanged from a package index are a way back by themselves.\nIf not, they count beside another alone.",
			field: func(s *Settings) any { return &s.Retention.IndexCounts },
		}, {
			key: "store.url", fallback: "file:.wheelhouse-store",
			doc:   "Where the bytes of pruned tarballs are kept: file:FOLDER, s3://BUCKET/PREFIX,\noci://HOST/NAME, release:OWNER/REPO or rclone:REMOTE:PATH. No credentials.",
			field: func(s *Settings) any { return &s.Store.URL },
		}, {
			key: "store.grace", kind: span, fallback: "14d",
			doc:   "How long gc leaves alone what nothing needs: a push may be about to need it.",
			field: func(s *Settings) any { return &s.Store.Grace },
		}, {
			key: "trust.keyring", kind: path, fallback: "", optional: true,
			doc:   "The public keys whose signatures can be told: a file, armored or binary, as\n`gpg --export` writes it; \"\" for none.",
			field: func(s *Settings) any { return &s.Trust.Keyring },
		}, {
			key: "trust.fingerprints", kind: list, fallback: "", optional: true, check: checkFingerprint,
			doc:   "The fingerprints of those that count, whole: 40 hexadecimal digits, or 64.\nNo key's id, which anybody can make. Goes with trust.keyring.",
			field: func(s *Settings) any { return &s.Trust.Fingerprints },
		}, {
			key: "trust.require", kind: list, fallback: "", optional: true, check: checkRequire,
			doc:   "What a tarball must come with, and right, before anything of it is unpacked:\nchecksums, signature (of tarball and checksums), statement, bundle; [] for nothing.",
			field: func(s *Settings) any { return &s.Trust.Require },
		}, {
			key: "trust.repository", fallback: "", optional: true, check: checkRepository,
			doc:   "The repository that a statement and a bundle must name, OWNER/REPO; \"\" for any.\nWithout it no bundle is judged.",
			field: func(s *Settings) any { return &s.Trust.Repository },
		}, {
			key: "trust.workflow", fallback: "", optional: true, check: checkWorkflow,
			doc:   "The workflow that they must name, its path in that repository, such as\n\".github/workflows/heavy-deps.yml\"; \"\" for any.",
			field: func(s *Settings) any { return &s.Trust.Workflow },
		}, {
			key: "trust.builder", fallback: "", optional: true,
			doc:   "The builder's id that a statement must name, a URI; \"\" for any.",
			field: func(s *Settings) any { return &s.Trust.Builder },
		}, {
			key: "trust.dsse-key", kind: path, fallback: "", optional: true,
			doc:   "An ed25519 key in PEM: with the private one sign wraps the statement in DSSE, with\nit or the public one verify wants it wrapped by it; \"\" for none.",
			field: func(s *Settings) any { return &s.Trust.DSSEKey },
		}, {
			key: "trust.sigstore-root", kind: path, fallback: "", optional: true,
			doc:   "Sigstore's trusted root, as `gh attestation trusted-root` writes it, so that gh needs\nno network; \"\" for the one that gh fetches.",
			field: func(s *Settings) any { return &s.Trust.SigstoreRoot },
		}, {
			key: "limits.members", kind: number, fallback: "10000",
			doc:   "The most members that a tarball may have.",
			field: func(s *Settings) any { return &s.Limits.Members },
		}, {
			key: "limits.member-bytes", kind: size, fallback: "4GiB",
			doc:   "The most bytes of one member: a number, or text with a unit (B, kB, KiB, MB, MiB, GB, GiB, TB, TiB).",
			field: func(s *Settings) any { return &s.Limits.MemberBytes },
		}, {
			key: "limits.total-bytes", kind: size, fallback: "32GiB",
			doc:   "The most bytes that a whole tarball may hold, uncompressed; units as above.",
			field: func(s *Settings) any { return &s.Limits.TotalBytes },
		}, {
			key: "limits.ratio", kind: number, fallback: "100",
			doc:   "The most bytes that one compressed byte may become, on average, beyond the first 64 MiB.",
			field: func(s *Settings) any { return &s.Limits.Ratio },
		}, {
			key: "limits.wheel-members", kind: number, fallback: "100000",
			doc:   "The most members that a wheel may have.",
			field: func(s *Settings) any { return &s.Limits.WheelMembers },
		}, {
			key: "limits.wheel-bytes", kind: size, fallback: "16GiB",
			doc:   "The most bytes that a wheel may unpack to; units as above.",
			field: func(s *Settings) any { return &s.Limits.WheelBytes },
		}, {
			key: "limits.wheel-ratio", kind: number, fallback: "100",
			doc:   "The most bytes that one byte of a wheel may become, on average, once it unpacks to more\nthan 64 MiB.",
			field: func(s *Settings) any { return &s.Limits.WheelRatio },
		}, {
			key: "limits.wheel-metadata-bytes", kind: size, fallback: "8MiB",
			doc:   "The most bytes of a wheel's METADATA; units as above.",
			field: func(s *Settings) any { return &s.Limits.WheelMetadataBytes },
		},
	}
}

// Package lock writes and reads pylock.toml (PEP 751) for a wheelhouse.
//
// A lock lies beside its tarball and names every wheel with size, sha256, bare
// file name as its path, and the URL that it came from. An installer that
// knows PEP 751 installs from it, without a network, out of the folder that
// holds lock and wheels: a path comes before a URL.
//
//	lock-version = "1.0"
//	requires-python = "==3.11.*"
//	created-by = "wheelhouse"
//
//	[[packages]]
//	name = "demo"
//	version = "1.0"
//	wheels = [
//	    {url = "https://example.org/demo-1.0-py3-none-any.whl", path = "demo-1.0-py3-none-any.whl", size = 1234, hashes = {sha256 = "…"}},
//	]
//
//	[tool.wheelhouse]
//	format = "wheelhouse-1"
//	tarball = "wheelhouse-3.11.tgz"
//	…
//
// A wheel that was built here has no URL. What it was built from stands under
// [packages.tool.wheelhouse] and not in packages.sdist, where an installer
// whose tags no wheel fits would build it.
//
// Names and sizes give each wheel's place in a tarball of ours: [Lock.Spans]
// reads nothing but the lock.
//
// Errors are *fault.Error: bad-lock; duplicate-project where two versions of a
// project would have to stand in one lock, which readers of PEP 751 refuse;
// no-layout for the spans of a tarball that was made elsewhere.
package lock

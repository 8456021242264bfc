// Package extract lays a wheelhouse out as a folder that installers take:
//
//	wheelhouse-3.11/
//	    demo-1.0-py3-none-any.whl     every wheel, flat
//	    pylock.wheelhouse-311.toml    the lock, whose paths are right here
//	    list/tar_contents.txt         every member of the tarball
//	    list/whl_files.txt            its wheels
//	    list/critical_wheels.txt      those of the critical projects
//
// `pip install --no-index --find-links wheelhouse-3.11` and `pip install -r
// wheelhouse-3.11/pylock.wheelhouse-311.toml` work from it.
//
// The folder appears complete and fsynced, or not at all: it is made beside its
// final name and renamed. What a killed process left there goes with the next
// one. A folder that is there already is never written into: either it holds
// just this, byte by byte, or it is refused.
//
// Errors are *fault.Error: folder-taken, tar-changed, extract-failed, and those
// of reading the tarball (package wheelhouse).
package extract

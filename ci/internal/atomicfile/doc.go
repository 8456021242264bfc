// Package atomicfile makes files appear under their final names complete and
// fsynced, or not at all, and holds kernel locks.
//
// A file is written beside its final name, so that the rename stays within
// one file system:
//
//	f, err := atomicfile.Create("dist/wheelhouse-3.11.tgz", 0o644)
//	if err != nil {
//		return err
//	}
//	defer f.Cleanup()
//	// write to f
//	return f.Commit()
//
// Whatever goes wrong before Commit returns nil, the final name is as it was
// before: absent, or the older file. A process that is killed leaves at most
// one file named ".<base>.<random>.tmp".
package atomicfile

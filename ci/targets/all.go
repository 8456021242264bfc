package targets

import (
	"context"
	"path/filepath"
)

// All does build, meta, validate and archive, one after the other.
//
// It takes no options: the settings and their variables say what it works on.
func All(ctx context.Context) error {
	return begin(ctx, "all", func(ctx context.Context, s *session) error {
		if err := s.build(ctx, ""); err != nil {
			return err
		}
		short, err := s.shortPython(ctx)
		if err != nil {
			return err
		}
		tarball := s.show(filepath.Join(s.Build.Out, s.baseName(short)+".tgz"))
		if err := s.meta(ctx, tarball, s.now()); err != nil {
			return err
		}
		chosen := choice{path: tarball, why: "built just now"}
		if err := s.validate(ctx, chosen, validateOptions{}); err != nil {
			return err
		}
		return s.archive(ctx, tarball, "")
	})
}

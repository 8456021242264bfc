package targets

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// Config prints each setting in force and where it came from.
//
// Settings are ci/wheelhouse.toml, over it WHEELHOUSE_ variables
// (retention.keep-last is WHEELHOUSE_RETENTION_KEEP_LAST), over them a
// target's options.
func Config(ctx context.Context,
	json *bool, // print an object with "version" and "settings" (default: a table)
) error {
	return begin(ctx, "config", func(ctx context.Context, s *session) error {
		if on(json) {
			return s.settingsJSON()
		}
		if version != "" {
			s.note("wheelhouse %s", version)
		}
		return s.settings()
	})
}

// settings prints a line for each: key, value, origin.
func (s *session) settings() error {
	w := tabwriter.NewWriter(s.stdout, 0, 8, 2, ' ', 0)
	for _, v := range s.Values {
		fmt.Fprintf(w, "%s\t%s\t%s\n", v.Key, report.Visible(v.Value), report.Visible(v.Origin))
	}
	return w.Flush()
}

func (s *session) settingsJSON() error {
	type setting struct {
		Key    string `json:"key"`
		Value  string `json:"value"`
		Origin string `json:"origin"`
	}
	settings := make([]setting, len(s.Values))
	for i, v := range s.Values {
		settings[i] = setting(v)
	}
	encoder := json.NewEncoder(s.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"version": version, "settings": settings})
}

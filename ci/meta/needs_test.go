package meta

import "testing"

func TestNeeds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tags          []string
		platform, abi string
	}{
		"none":             {nil, "any", "none"},
		"pure":             {[]string{"py3-none-any", "py2.py3-none-any"}, "any", "none"},
		"highest":          {[]string{"cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux_2_28_x86_64", "py3-none-any"}, "manylinux_2_28_x86_64", "cp311"},
		"by number":        {[]string{"cp311-cp311-manylinux_2_9_x86_64", "cp311-cp311-manylinux_2_17_x86_64"}, "manylinux_2_17_x86_64", "cp311"},
		"lowest of a set":  {[]string{"cp311-cp311-manylinux_2_28_x86_64.manylinux2014_x86_64.manylinux_2_24_x86_64"}, "manylinux_2_17_x86_64", "cp311"},
		"legacy":           {[]string{"cp311-cp311-manylinux1_i686", "cp311-cp311-manylinux2010_x86_64", "cp311-cp311-manylinux2014_aarch64"}, "manylinux_2_12_x86_64,manylinux_2_17_aarch64,manylinux_2_5_i686", "cp311"},
		"any in a set":     {[]string{"py3-none-any.linux_x86_64"}, "any", "none"},
		"linux":            {[]string{"cp311-cp311-linux_x86_64", "cp311-cp311-manylinux_2_17_x86_64"}, "linux_x86_64,manylinux_2_17_x86_64", "cp311"},
		"musl":             {[]string{"cp311-cp311-musllinux_1_1_x86_64", "cp311-cp311-musllinux_1_2_x86_64"}, "musllinux_1_2_x86_64", "cp311"},
		"both kinds":       {[]string{"py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64", "cp311-cp311-musllinux_1_2_x86_64"}, "musllinux_1_2_x86_64", "cp311"},
		"both kinds alone": {[]string{"py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64"}, "manylinux_2_17_x86_64", "none"},
		"mac":              {[]string{"cp311-cp311-macosx_10_9_universal2", "cp311-cp311-macosx_11_0_arm64"}, "macosx_11_0_arm64", "cp311"},
		"universal":        {[]string{"cp311-cp311-macosx_10_9_universal2", "cp311-cp311-macosx_11_0_universal2"}, "macosx_11_0_universal2", "cp311"},
		"universal later":  {[]string{"cp311-cp311-macosx_12_0_universal2", "cp311-cp311-macosx_11_0_arm64"}, "macosx_12_0_arm64", "cp311"},
		"windows":          {[]string{"cp311-cp311-win_amd64", "py3-none-win32"}, "win32,win_amd64", "cp311"},
		"odd":              {[]string{"py3-none-manylinux_x_y_z", "py3-none-manylinux2014"}, "manylinux2014,manylinux_x_y_z", "none"},
		"abi3":             {[]string{"cp39-abi3-win32", "py3-none-win32"}, "win32", "abi3"},
		"abi over abi3":    {[]string{"cp39-abi3-win32", "cp311-cp311-win32", "cp310-cp310-win32"}, "win32", "cp310,cp311"},
		"abi set":          {[]string{"cp311-cp311.abi3-win32"}, "win32", "abi3"},
		"python alone":     {[]string{"cp311-none-any"}, "any", "none"},
	} {
		wheels := []string{"not a wheel"}
		for _, tag := range c.tags {
			wheels = append(wheels, "demo-1.0-"+tag+".whl")
		}
		platform, abi := Needs(wheels)
		if platform != c.platform || abi != c.abi {
			t.Errorf("%s: got %s and %s, want %s and %s", name, platform, abi, c.platform, c.abi)
		}
	}
}

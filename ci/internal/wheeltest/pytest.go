package wheeltest

import _ "embed"

//go:embed fake_pytest.py
var fakePytest string

// Pytest is a wheel that stands in for pytest 8.0: `python -m pytest` and the
// script pytest take -k, --junitxml, -p, -q, -v, -x, -o, -c, --rootdir, --tb,
// --collect-only and paths, collect test_*.py under them (default: the folder
// they run in), call the functions test_* and the methods test_* of Test*
// classes, and end with pytest's own status: 0, 1 a failure, 2 a module that
// does not import, 4 an unknown option, 5 nothing collected or all deselected.
// An expression for -k may hold words, not, and, or and parentheses.
// PYTEST_ADDOPTS is obeyed as by the real one. The module pytest has skip,
// fail, importorskip, raises and mark (which does nothing).
func Pytest() Wheel {
	return Wheel{
		Project: "pytest",
		Version: "8.0.0",
		Files: map[string]string{
			"pytest/__init__.py":           fakePytest,
			"pytest/__main__.py":           "import sys\nimport pytest\nsys.exit(pytest.main())\n",
			"{dist-info}/entry_points.txt": "[console_scripts]\npytest = pytest:main\n",
		},
	}
}

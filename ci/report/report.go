// Package report shows findings, entries and changes as text and JSON.
package report

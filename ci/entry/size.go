package entry

import "fmt"

// FormatSize gives a size in bytes for people, in powers of 1000: "812 B",
// "27.9 MB". A negative size is unknown: "".
func FormatSize(size int64) string {
	if size < 0 {
		return ""
	}
	if size < 1000 {
		return fmt.Sprintf("%d B", size)
	}
	value := float64(size) / 1000
	for _, unit := range []string{"KB", "MB", "GB"} {
		if value < 999.95 {
			return fmt.Sprintf("%.1f %s", value, unit)
		}
		value /= 1000
	}
	return fmt.Sprintf("%.1f TB", value)
}

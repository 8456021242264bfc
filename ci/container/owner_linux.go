package container

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// self gives this process.
func self() owner {
	// Empty where /proc is not there: then every such system is one machine,
	// and no process can be told to be gone.
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, _ := os.Readlink("/proc/self/ns/pid")
	sum := sha256.Sum256([]byte(string(boot) + "\n" + space))
	pid := os.Getpid()
	start := startOf(pid)
	if start == "" {
		start = "0"
	}
	return owner{machine: hex.EncodeToString(sum[:6]), pid: pid, start: start}
}

// alive tells whether the process still runs; where that cannot be said, it
// does.
func alive(o owner) bool {
	if startOf(os.Getpid()) == "" {
		return true
	}
	return startOf(o.pid) == o.start
}

// startOf gives when a process was started, in the kernel's ticks since boot;
// "" where there is no such process.
func startOf(pid int) string {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ""
	}
	// Its name, in parentheses, may hold anything; the state is the third field.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" {
		return ""
	}
	return fields[19]
}

//go:build unix

package faults

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// errInjected is what a disk or a network says that failed.
var errInjected = fmt.Errorf("injected: %w", syscall.EIO)

var (
	dir    = os.Getenv("MARKETOPS_FAULTS")
	mu     sync.Mutex
	order  string // the last one seen
	passed int    // times that its point was passed since
)

// At is a point. It returns an error only if it is ordered to.
func At(parts ...string) error {
	if dir == "" {
		return nil
	}
	point := name(parts)
	mu.Lock()
	defer mu.Unlock()
	add("hits", fmt.Sprintf("%d %s", os.Getpid(), point))
	action := ordered(point)
	if action == "" {
		return nil
	}
	add("struck", order)
	switch action {
	case "kill":
		strike(syscall.SIGKILL)
		select {}
	case "pause":
		pause()
		return nil
	case "error":
		return fmt.Errorf("%s: %w", point, errInjected)
	}
	panic("faults: unknown action " + action)
}

// After is a point behind a step that succeeded.
func After(err error, parts ...string) error {
	if err != nil {
		return err
	}
	return At(parts...)
}

func name(parts []string) string {
	short := make([]string, len(parts))
	for i, p := range parts {
		p, _, _ = strings.Cut(strings.TrimPrefix(p, "/v1/"), "/")
		short[i] = strings.ReplaceAll(p, " ", "-")
	}
	return strings.Join(short, ".")
}

// ordered returns what is to be done at this passing of point, or "".
func ordered(point string) string {
	b, err := os.ReadFile(filepath.Join(dir, "order"))
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	if line := strings.TrimSpace(string(b)); err == nil && line != order {
		order, passed = line, 0
	}
	var at, action string
	var n int
	if _, serr := fmt.Sscan(order, &at, &n, &action); err != nil || serr != nil {
		panic(fmt.Sprint("faults: the order cannot be read: ", err, serr))
	}
	if at != point {
		return ""
	}
	if passed++; passed != n {
		return ""
	}
	return action
}

func add(file, line string) {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.WriteString(line + "\n")
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		panic("faults: " + err.Error())
	}
}

// pause returns when the process was stopped and continued: a thread may run on for a moment after
// the signal, and must not get past the point.
func pause() {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	strike(syscall.SIGSTOP)
	<-continued
}

func strike(s syscall.Signal) {
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		panic("faults: " + err.Error())
	}
}

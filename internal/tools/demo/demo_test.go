package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What differs from one session to the next: the ports.
var varies = regexp.MustCompile(`--admin \S*`)

func commandsOf(session string) (out []string) {
	for line := range strings.Lines(session) {
		if strings.HasPrefix(line, "$ ") {
			out = append(out, strings.TrimSpace(varies.ReplaceAllString(line, "")))
		}
	}
	return out
}

// TestRecording: the recorded session shows the commands of today's demo.
//
//	go run ./internal/tools/demo > docs/demo.txt
func TestRecording(t *testing.T) {
	recorded, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "demo.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var today bytes.Buffer
	d := demo{commands: true, out: &today}
	if err := d.run(); err != nil {
		t.Fatal(err)
	}
	got, want := commandsOf(string(recorded)), commandsOf(today.String())
	if len(want) < 20 || !slices.Equal(got, want) {
		t.Errorf("docs/demo.txt is of another day: record it again\nrecorded:\n%s\ntoday:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !strings.Contains(string(recorded), "What you saw: ") {
		t.Error("the recorded session did not come to its end")
	}
}

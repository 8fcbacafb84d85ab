package faults

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestAhead: the clock is moved as far as the file says at that moment.
func TestAhead(t *testing.T) {
	defer func(was string) { clock = was }(clock)
	for _, c := range []struct {
		text string
		want time.Duration
	}{{"", 0}, {"2h5m0s\n", 125 * time.Minute}, {"3h", 3 * time.Hour}} {
		if c.text != "" {
			if err := os.WriteFile(clock, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
		} else {
			clock = filepath.Join(t.TempDir(), "clock")
		}
		if got := Ahead(); got != c.want {
			t.Errorf("%q: %s", c.text, got)
		}
	}
	if clock = ""; Ahead() != 0 {
		t.Error("without a file")
	}
}

package version

import "testing"

// TestString: there is always a version, and the stamp of the build wins.
func TestString(t *testing.T) {
	if got := String(); got == "" {
		t.Error("no version")
	}
	stamp = "v1.2.3-4-gabcdef"
	defer func() { stamp = "" }()
	if got := String(); got != stamp {
		t.Errorf("%q, want %q", got, stamp)
	}
}

//go:build unix

package offline_test

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/offline"
)

// TestSpecialFiles puts what is no file where the asset belongs. A pipe without a writer would hold
// an open for ever, so this test ends only if none is opened; a link leads to the very bytes.
func TestSpecialFiles(t *testing.T) {
	for want, make := range map[string]func() error{
		"a pipe":          func() error { return syscall.Mkfifo("files/widget.tar.gz", 0o600) },
		"a symbolic link": func() error { return os.Symlink("../precious", "files/widget.tar.gz") },
		"a folder":        func() error { return os.Mkdir("files/widget.tar.gz", 0o700) },
	} {
		t.Run(want, func(t *testing.T) {
			s := newStage(t)
			s.write("precious", []byte("abc"))
			if err := os.Remove("files/widget.tar.gz"); err != nil {
				t.Fatal(err)
			}
			if err := make(); err != nil {
				t.Fatal(err)
			}
			r := s.verify("w.mopack", offline.Options{Subject: "files"})
			if r.Code != marketops.AssetUnsafe || !strings.Contains(gots(r), want) {
				t.Errorf("%s %s: %s", r.Verdict, r.Code, gots(r))
			}
		})
	}
}

func gots(r *verifier.Report) (all string) {
	for _, c := range r.Checks {
		all += c.Got + ";"
	}
	return all
}

// TestLargeFiles: a file of another size is never read, whatever its name.
func TestLargeFiles(t *testing.T) {
	s := newStage(t)
	if err := os.Truncate("files/widget.tar.gz", 1<<40); err != nil {
		t.Fatal(err)
	}
	if r := s.verify("w.mopack", offline.Options{Subject: "files"}); r.Code != marketops.ContentMismatch {
		t.Errorf("%s %s", r.Verdict, r.Code)
	}
}

package docs_test

import (
	"os"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/config"
)

// TestReadmeConfiguration holds the marketops.yaml that the README shows to what is accepted.
func TestReadmeConfiguration(t *testing.T) {
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "```yaml\n")
	text, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("README.md shows no configuration")
	}
	f, err := config.Parse("README.md", []byte(text))
	if err != nil || len(f.Publications) != 3 {
		t.Errorf("%d publications, %v", len(f.Publications), err)
	}
}

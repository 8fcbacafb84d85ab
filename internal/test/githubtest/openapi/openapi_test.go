package openapi

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"
)

func TestAllOperationsArePresent(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(Operations()) {
		t.Errorf("%d operations of %d", len(all), len(Operations()))
	}
	for _, op := range all {
		if !strings.HasPrefix(op.Docs, "https://docs.github.com/") || op.Method == "" {
			t.Errorf("%s: method %q, documentation %q", op.ID, op.Method, op.Docs)
		}
	}
}

func TestProvenanceNamesTheseBytes(t *testing.T) {
	page, err := os.ReadFile("PROVENANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(github)
	if !strings.Contains(string(page), hex.EncodeToString(sum[:])) {
		t.Errorf("PROVENANCE.md does not name %x: github.json was changed by hand, or pruned without saying so", sum)
	}
}

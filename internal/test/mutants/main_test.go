package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

var constraint = regexp.MustCompile(`(?m)^//go:build (!?)mutant_([a-z]+)$`)

// TestAllListed: every mutant in the source is run, and each has its other half.
func TestAllListed(t *testing.T) {
	halves := map[string][]string{}
	err := filepath.WalkDir(filepath.Join("..", "..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range constraint.FindAllSubmatch(b, -1) {
			halves[string(m[2])] = append(halves[string(m[2])], string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, m := range mutants {
		if slices.Sort(halves[m.tag]); !slices.Equal(halves[m.tag], []string{"", "!"}) || listed[m.tag] {
			t.Errorf("mutant_%s is listed, its files are %q", m.tag, halves[m.tag])
		}
		listed[m.tag] = true
	}
	for tag := range halves {
		if !listed[tag] {
			t.Errorf("mutant_%s is not run", tag)
		}
	}
	if len(listed) < 14 {
		t.Errorf("only %d mutants", len(listed))
	}
}

package config

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/omega/marketops/plan"
)

// File is marketops.yaml, checked.
type File struct {
	Version      int                `yaml:"version"`
	GitHub       GitHub             `yaml:"github"`
	Core         string             `yaml:"core"` // "" where the file does not say; no relative path after Load
	Publications []plan.Publication `yaml:"publications"`

	Path string `yaml:"-"` // as it was given to Load
	Dir  string `yaml:"-"` // what the relative paths of the file are relative to; absolute after Load
}

// Load reads and checks a marketops.yaml. Every error is [marketops.ConfigInvalid] and
// names the file and, where there is one, the line.
func Load(path string) (*File, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	f, err := Parse(path, data)
	if err != nil {
		return nil, err
	}
	if f.Dir, err = filepath.Abs(f.Dir); err != nil {
		return nil, invalid(path, 0, err.Error())
	}
	if f.Core != "" && !strings.Contains(f.Core, "://") && !filepath.IsAbs(f.Core) {
		f.Core = filepath.Join(f.Dir, f.Core)
	}
	if f.GitHub.Roots, err = readRoots(f.Dir, f.GitHub.CA); err != nil {
		return nil, err
	}
	return f, nil
}

// Parse is [Load] of bytes; name is used in errors, and its folder becomes Dir.
func Parse(name string, data []byte) (*File, error) {
	f := &File{Path: name, Dir: filepath.Dir(name)}
	d, err := decode(name, data, f)
	if err != nil {
		return nil, err
	}
	if f.Version != 1 {
		return nil, invalid(name, d.at("version"), fmt.Sprintf("version is %d, want 1", f.Version))
	}
	if err := f.GitHub.check(d); err != nil {
		return nil, err
	}
	return f, f.checkPublications(d)
}

package config

import (
	"fmt"
	"path/filepath"

	"github.com/omega/marketops"
)

// File is marketops.yaml, checked.
type File struct {
	Version      int           `yaml:"version"`
	GitHub       GitHub        `yaml:"github"`
	Core         string        `yaml:"core"` // "" where the file does not say
	Publications []Publication `yaml:"publications"`

	Path string `yaml:"-"` // as it was given to Load
	Dir  string `yaml:"-"` // what the relative paths of the file are relative to
}

// Publication is one entry of the list. Members that its kind does not have are zero.
type Publication struct {
	Kind       marketops.Kind `yaml:"kind"`
	Repository string         `yaml:"repository"` // owner/name
	Tag        string         `yaml:"tag"`
	Target     string         `yaml:"target"` // a branch or a full object id
	Branch     string         `yaml:"branch"` // the commit must lie on it; "" is the repository's default branch
	Name       string         `yaml:"name"`
	Notes      string         `yaml:"notes"` // a file, relative to Dir
	Prerelease bool           `yaml:"prerelease"`
	MakeLatest string         `yaml:"make_latest"` // "true" or "false"
	Assets     []string       `yaml:"assets"`      // file patterns, relative to Dir
	Message    string         `yaml:"message"`
	Tagger     *Tagger        `yaml:"tagger"` // nil where the file does not say
	Base       string         `yaml:"base"`
	Head       string         `yaml:"head"`
	Title      string         `yaml:"title"`
	Body       string         `yaml:"body"` // a file, relative to Dir
	Changes    []Change       `yaml:"changes"`
	Draft      bool           `yaml:"draft"`

	Line int `yaml:"-"` // where the entry begins in the file
}

// Tagger is the git identity of a tag object, or of the commit that a change set makes.
type Tagger struct {
	Name  string         `yaml:"name"`
	Email string         `yaml:"email"`
	Date  marketops.Time `yaml:"date"` // 0: the target commit's own date
}

// Change is one file of a change set.
type Change struct {
	Path string `yaml:"path"` // in the repository
	File string `yaml:"file"` // on disk, relative to Dir
	Mode string `yaml:"mode"` // "100644", also where the file does not say, or "100755"
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

package plan

import "github.com/omega/marketops"

// Publication is one entry of marketops.yaml: one thing to be published. Members that its kind does
// not have are zero.
type Publication struct {
	Kind       marketops.Kind `yaml:"kind"`
	ID         string         `yaml:"id"`         // what the after of other publications calls it; "" for none
	After      []string       `yaml:"after"`      // ids of publications that must succeed first
	Repository string         `yaml:"repository"` // owner/name
	Tag        string         `yaml:"tag"`
	Existing   bool           `yaml:"existing"` // the tag is there, or another publication of the file makes it
	Target     string         `yaml:"target"`   // a branch or a full object id
	Branch     string         `yaml:"branch"`   // the commit must lie on it; "" is the repository's default branch
	Name       string         `yaml:"name"`
	Notes      string         `yaml:"notes"` // a file, relative to the file's folder
	Prerelease bool           `yaml:"prerelease"`
	MakeLatest string         `yaml:"make_latest"` // "true" or "false"
	Assets     []AssetSource  `yaml:"assets"`
	Message    string         `yaml:"message"`
	Tagger     *Tagger        `yaml:"tagger"` // nil where the file does not say
	Base       string         `yaml:"base"`
	Head       string         `yaml:"head"`
	Title      string         `yaml:"title"`
	Body       string         `yaml:"body"` // a file, relative to the file's folder
	Changes    []FileChange   `yaml:"changes"`
	Draft      bool           `yaml:"draft"`

	Line int `yaml:"-"` // where the entry begins in the file
}

// Tagger is the git identity of a tag object, or of the commit that a change set makes.
type Tagger struct {
	Name  string         `yaml:"name"`
	Email string         `yaml:"email"`
	Date  marketops.Time `yaml:"date"` // 0: the target commit's own date
}

// AssetSource is one entry of assets: a pattern of files, which are published under their own names, or one file and the
// name under which it is published. A file with a name of its own is not taken by a pattern.
type AssetSource struct {
	Pattern string `yaml:"-"`    // relative to the file's folder
	File    string `yaml:"file"` // relative to the file's folder
	Name    string `yaml:"name"`
}

// UnmarshalYAML reads text as a pattern, and else a file with its name.
func (a *AssetSource) UnmarshalYAML(read func(any) error) error {
	if read(&a.Pattern) == nil {
		return nil
	}
	type named AssetSource
	return read((*named)(a))
}

// FileChange is one file of a change set.
type FileChange struct {
	Path string `yaml:"path"` // in the repository
	File string `yaml:"file"` // on disk, relative to the file's folder
	Mode string `yaml:"mode"` // "100644" or "100755"; "" keeps the mode of a file that is there, and is 100644 for a new one
}

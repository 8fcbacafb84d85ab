package plan

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/omega/marketops"
)

const schemaSources = "marketops.sources/v1"

// Sources is sources.json: where the files of the operations lie. Nothing rests on it: what
// is sent is compared with the operation document.
type Sources struct {
	Schema     string  `json:"schema"`
	Root       string  `json:"root"` // absolute: the folder of marketops.yaml
	Operations []Files `json:"operations"`
}

// Files are the files of one operation.
type Files struct {
	Number int    `json:"number"`
	Files  []File `json:"files"` // in the order of the document
}

// File says where the bytes of an asset, or of a change, were found.
type File struct {
	Name string `json:"name"` // of the asset, or the path of the change
	Path string `json:"path"` // relative to Root, with slashes
}

// absolute knows the roots of every system: a run may be published from another one, with its
// files elsewhere.
func absolute(root string) bool {
	return filepath.IsAbs(root) || strings.HasPrefix(root, "/") || len(root) > 2 && root[1] == ':' && root[2] == '\\'
}

func (s Sources) validate(ops []marketops.Operation) error {
	if s.Schema != schemaSources || len(s.Operations) != len(ops) || !absolute(s.Root) {
		return mismatch("sources.json is not valid", nil)
	}
	for i, o := range s.Operations {
		want := ops[i].Files()
		if o.Number != i+1 || len(o.Files) != len(want) {
			return mismatch(fmt.Sprintf("sources.json does not name the files of operation %d", i+1), nil)
		}
		for k, f := range o.Files {
			if f.Name != want[k].Name || !fs.ValidPath(f.Path) {
				return mismatch(fmt.Sprintf("sources.json has %.200q where operation %d has %.200q", f.Name, i+1, want[k].Name), nil)
			}
		}
	}
	return nil
}

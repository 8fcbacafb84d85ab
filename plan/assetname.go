package plan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/omega/marketops"
)

// assetFiles are the files of a release by their paths, with the names under which they are published.
func assetFiles(ctx context.Context, root *os.Root, sources []AssetSource, c *candidate) (out []File, err error) {
	var patterns, named []string
	for _, s := range sources {
		if s.Pattern != "" {
			patterns = append(patterns, s.Pattern)
			continue
		}
		p := plain(s.File)
		if !fs.ValidPath(p) || p == "." || strings.Contains(p, "\\") || slices.Contains(named, p) {
			return nil, deny(marketops.AssetUnsafe, fmt.Sprintf("assets: the file %.200q leaves the folder, is named twice, or is not written with plain slashes", s.File),
				"name each file once, relative to marketops.yaml: {file: dist/a.zip, name: b.zip}")
		}
		if slices.ContainsFunc(sources, func(s AssetSource) bool { return plain(s.Pattern) == p }) {
			return nil, deny(marketops.AssetUnsafe, fmt.Sprintf("assets: the file %.200q is there by its own name and with the name %q", p, s.Name), "keep one of them")
		}
		named, out = append(named, p), append(out, File{Name: s.Name, Path: p})
	}
	f := newFinder(ctx, root)
	found, err := f.files(patterns)
	f.noteHidden(c)
	for _, p := range found {
		if !slices.Contains(named, p) {
			out = append(out, File{Name: path.Base(p), Path: p})
		}
	}
	return out, err
}

// checkAssetName refuses a name under which GitHub would not publish the file, and proposes how to map it.
func checkAssetName(f File) error {
	err := assetGrammar(f.Name)
	var r *marketops.Refusal
	if !errors.As(err, &r) {
		return err
	}
	better := strings.TrimLeft(marketops.AssetNameOnGitHub(f.Name), "-")
	if assetGrammar(better) != nil {
		better = "NAME"
	}
	r.Next = fmt.Sprintf("rename the file, or publish it under another name: {file: %q, name: %s} under assets", f.Path, better)
	return r
}

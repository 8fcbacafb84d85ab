package github

import (
	"context"
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// asset is the bound part of GitHub's release asset.
type asset struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	State       string `json:"state"`
	Size        int64  `json:"size"`
	ContentType string `json:"content_type"`
	Digest      string `json:"digest"`
}

// assets reads the assets of a release.
type assets struct {
	*reader
	hashed map[int64]marketops.Digest // those that were fetched, by id: GitHub never changes the bytes of one
}

func (r *assets) list(ctx context.Context, id int64) ([]asset, error) {
	return wire.List[asset](ctx, r.GetKnown, "list the files", r.path("releases/%d/assets?per_page=%d", id, wire.PerPage))
}

func findAsset(files []asset, name string) *asset {
	for i := range files {
		if files[i].Name == name {
			return &files[i]
		}
	}
	return nil
}

// hasForeign reports whether a release has files that are not of the plan.
func (r *assets) hasForeign(files []asset) bool {
	planned := map[string]bool{}
	for _, a := range r.op.Release.Assets {
		planned[a.Name] = true
	}
	for _, f := range files {
		if !planned[f.Name] {
			return true
		}
	}
	return false
}

// compare holds the files of a release against the plan as a set, and says in words what
// differs, or "".
func (r *assets) compare(ctx context.Context, id int64) (string, error) {
	files, err := r.list(ctx, id)
	if err != nil {
		return "", err
	}
	if len(files) != len(r.op.Release.Assets) || r.hasForeign(files) {
		return "it has other files than the planned ones", nil
	}
	for i, a := range r.op.Release.Assets {
		f := findAsset(files, a.Name)
		if f == nil {
			return "a file is missing", nil
		}
		equal, err := r.isPlanned(ctx, a, f)
		if err != nil {
			return "", err
		}
		if !equal {
			return fmt.Sprintf("file %d is not the planned one", i+1), nil
		}
		r.facts.asset(i, f.ID)
	}
	return "", nil
}

// isPlanned compares one file. Only a sha256 digest of GitHub counts; without one the bytes do.
func (r *assets) isPlanned(ctx context.Context, a marketops.Asset, f *asset) (bool, error) {
	if f.ID == 0 || f.Name != a.Name || f.State != "uploaded" || f.Size != a.Size || f.ContentType != a.ContentType {
		return false, nil
	}
	if strings.HasPrefix(f.Digest, "sha256:") {
		return f.Digest == a.SHA256.String(), nil
	}
	have, ok := r.hashed[f.ID]
	if !ok {
		var err error
		if have, err = r.Hash(ctx, r.path("releases/assets/%d", f.ID), f.Size); err != nil {
			return false, err
		}
		if r.hashed == nil {
			r.hashed = map[int64]marketops.Digest{}
		}
		r.hashed[f.ID] = have
	}
	return have == a.SHA256, nil
}

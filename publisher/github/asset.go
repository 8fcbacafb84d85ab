package github

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
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
	Label       string `json:"label"`
	Uploader    struct {
		ID int64 `json:"id"`
	} `json:"uploader"`
}

// assets reads the assets of a release.
type assets struct {
	*reader
	hashed    map[int64]marketops.Digest // those that were fetched, by id: GitHub never changes the bytes of one
	uploaders map[int64]bool             // whom GitHub named for our draft and its files; nil: not known
}

func (r *assets) list(ctx context.Context, id int64) ([]asset, error) {
	return wire.List[asset](ctx, r.Caller, wire.PagesOfKnown("list the files", r.path("releases/%d/assets?per_page=%d", id, wire.PerPage)))
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

// countPlanned counts the files that are as planned by what the list says of them.
func (r *assets) countPlanned(files []asset) (n int) {
	for _, a := range r.op.Release.Assets {
		if f := findAsset(files, a.Name); f != nil && f.State == "uploaded" && f.Size == a.Size && f.Digest == a.SHA256.String() {
			n++
		}
	}
	return n
}

// haveOthers reports whether GitHub names anyone else for one of the files than for ours.
func (r *assets) haveOthers(files []asset) bool {
	return slices.ContainsFunc(files, func(f asset) bool { return !r.uploaders[f.Uploader.ID] })
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
		r.facts.asset(i, len(r.op.Release.Assets), f.ID)
	}
	return "", nil
}

// isPlanned compares one file. Only a sha256 digest of GitHub counts; without one the bytes do.
func (r *assets) isPlanned(ctx context.Context, a marketops.Asset, f *asset) (bool, error) {
	if f.ID == 0 || f.Name != a.Name || f.State != "uploaded" || f.Size != a.Size || f.ContentType != a.ContentType ||
		f.Label != "" || r.uploaders != nil && !r.uploaders[f.Uploader.ID] {
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

// maxUploads is how often one file is sent in one Apply.
const maxUploads = 3

// assetWriter uploads the assets of a draft.
type assetWriter struct {
	*session
	assets *assets
}

// ensureAll brings every planned file into our draft, in name order.
func (w *assetWriter) ensureAll(ctx context.Context, id int64) error {
	files, err := w.assets.list(ctx, id)
	if err != nil {
		return err
	}
	if w.assets.hasForeign(files) {
		return &marketops.Failure{Code: marketops.GitHubConflict, What: "our draft has files that are not of the plan", State: wire.StateDraftKept}
	}
	for i, a := range w.op.Release.Assets {
		w.draft.filled = i
		if err := w.ensure(ctx, id, i, findAsset(files, a.Name)); err != nil {
			return err
		}
	}
	w.draft.filled = len(w.op.Release.Assets)
	return nil
}

// ensure sends one file until GitHub holds the planned bytes. Its name is the natural key:
// GitHub refuses a second file of a name, so nothing doubles.
func (w *assetWriter) ensure(ctx context.Context, id int64, i int, have *asset) error {
	a := w.op.Release.Assets[i]
	for sent := 0; ; sent++ {
		if have != nil {
			equal, err := w.assets.isPlanned(ctx, a, have)
			if err != nil {
				return err
			}
			if equal {
				w.facts.asset(i, len(w.op.Release.Assets), have.ID)
				return nil
			}
		}
		if sent == maxUploads {
			return tooManyUploads(a, have)
		}
		if have != nil {
			if err := w.remove(ctx, "remove a wrong file", w.path("releases/assets/%d", have.ID)); err != nil {
				return err
			}
		}
		var err error
		if have, err = w.send(ctx, id, i); err != nil {
			return err
		}
	}
}

func tooManyUploads(a marketops.Asset, have *asset) error {
	f := &marketops.Failure{Code: marketops.UploadDigestDiffers, State: wire.StateDraftKept,
		What: fmt.Sprintf("%s was sent %d times and GitHub holds other bytes", a.Name, maxUploads)}
	if have == nil {
		f.Code, f.What = marketops.GitHubUnreachable, fmt.Sprintf("%s was sent %d times and GitHub does not show it", a.Name, maxUploads)
	}
	return f
}

// send sends one file once and returns what GitHub then has under its name, nil if that
// is nothing. An answer without a digest is no proof yet; the caller fetches the bytes.
func (w *assetWriter) send(ctx context.Context, id int64, i int) (*asset, error) {
	a := w.op.Release.Assets[i]
	c := &wire.Call{
		Step: fmt.Sprintf("upload file %d", i+1), Method: wire.Post, Size: a.Size,
		Path:   w.path("releases/%d/assets?name=", id) + url.QueryEscape(a.Name),
		Upload: wire.NewUpload(w.work.Content[i], a),
	}
	var got asset
	result, err := w.Write(ctx, c, wire.Expect(wire.Created, &got, func() bool {
		return got.ID != 0 && got.Name == a.Name && got.Size == a.Size && got.State == "uploaded" &&
			got.ContentType == a.ContentType && got.Label == "" && (got.Digest == "" || got.Digest == a.SHA256.String())
	}))
	if fault := c.Upload.Err(); fault != nil {
		return nil, fault
	}
	switch {
	case result == wire.Done:
		w.assets.uploaders[got.Uploader.ID] = true
		return &got, nil
	case result == wire.Undone && !errors.Is(err, marketops.GitHubDenied):
		return nil, err
	}
	return w.afterUpload(ctx, id, a.Name, result, err)
}

// afterUpload reads what an upload left behind that was not answered as planned. "Already
// exists" means that an earlier attempt had arrived after all.
func (w *assetWriter) afterUpload(ctx context.Context, id int64, name string, result wire.WriteResult, why error) (*asset, error) {
	files, err := w.assets.list(ctx, id)
	if err != nil {
		return nil, err
	}
	have := findAsset(files, name)
	if result == wire.Undone && have == nil {
		return nil, why
	}
	if have == nil { // it may still be on its way into the list
		if err := w.PauseQuietly(ctx, "looking for a file: "+w.RedactError(why).Error(), w.Pauses()[0]); err != nil {
			return nil, wire.Interruption("looking for a file", err)
		}
		if files, err = w.assets.list(ctx, id); err != nil {
			return nil, err
		}
		have = findAsset(files, name)
	}
	return have, nil
}

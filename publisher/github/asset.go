package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/omega/marketops"
)

// maxUploads is how often one file is sent in one Apply.
const maxUploads = 3

// asset is the bound part of GitHub's release asset.
type asset struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	State       string `json:"state"`
	Size        int64  `json:"size"`
	ContentType string `json:"content_type"`
	Digest      string `json:"digest"`
}

func isNotShown(err error) bool { return errors.Is(err, errNotShown) }

func (r *reader) assets(ctx context.Context, id int64) ([]asset, error) {
	return list[asset](ctx, r.getKnown, "list the files", r.repoPath("releases/%d/assets?per_page=%d", id, perPage))
}

func named(files []asset, name string) *asset {
	for i := range files {
		if files[i].Name == name {
			return &files[i]
		}
	}
	return nil
}

// hasForeign reports whether a release has files that are not of the plan.
func (r *reader) hasForeign(files []asset) bool {
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

// compareAssets holds the files of a release against the plan as a set, and says in words what
// differs, or "".
func (r *reader) compareAssets(ctx context.Context, id int64) (string, error) {
	files, err := r.assets(ctx, id)
	if err != nil {
		return "", err
	}
	if len(files) != len(r.op.Release.Assets) || r.hasForeign(files) {
		return "it has other files than the planned ones", nil
	}
	for i, a := range r.op.Release.Assets {
		f := named(files, a.Name)
		if f == nil {
			return "a file is missing", nil
		}
		equal, err := r.assetEquals(ctx, a, f)
		if err != nil {
			return "", err
		}
		if !equal {
			return fmt.Sprintf("file %d is not the planned one", i+1), nil
		}
		r.seen.asset(i, f.ID)
	}
	return "", nil
}

// assetEquals compares one file. Only a sha256 digest of GitHub counts; without one the bytes do.
func (r *reader) assetEquals(ctx context.Context, a marketops.Asset, f *asset) (bool, error) {
	if f.ID == 0 || f.Name != a.Name || f.State != "uploaded" || f.Size != a.Size || f.ContentType != a.ContentType {
		return false, nil
	}
	if strings.HasPrefix(f.Digest, "sha256:") {
		return f.Digest == a.SHA256.String(), nil
	}
	have, ok := r.hashed[f.ID]
	if !ok {
		var err error
		if have, err = r.hashAsset(ctx, f.ID, f.Size); err != nil {
			return false, err
		}
		if r.hashed == nil {
			r.hashed = map[int64]marketops.Digest{}
		}
		r.hashed[f.ID] = have
	}
	return have == a.SHA256, nil
}

// fill brings every planned file into our draft, in name order.
func (s *session) fill(ctx context.Context, id int64) error {
	files, err := s.assets(ctx, id)
	if err != nil {
		return err
	}
	if s.hasForeign(files) {
		return &marketops.Failure{Code: marketops.GitHubConflict, What: "our draft has files that are not of the plan", State: stateDraftKept}
	}
	for i, a := range s.op.Release.Assets {
		if err := s.bringAsset(ctx, id, i, named(files, a.Name)); err != nil {
			return err
		}
	}
	return nil
}

// bringAsset sends one file until GitHub holds the planned bytes. Its name is the natural key:
// GitHub refuses a second file of a name, so nothing doubles.
func (s *session) bringAsset(ctx context.Context, id int64, i int, have *asset) error {
	a := s.op.Release.Assets[i]
	for sent := 0; ; sent++ {
		if have != nil {
			equal, err := s.assetEquals(ctx, a, have)
			if err != nil {
				return err
			}
			if equal {
				s.seen.asset(i, have.ID)
				return nil
			}
		}
		if sent == maxUploads {
			return tooOften(a, have)
		}
		if have != nil {
			if err := s.remove(ctx, "remove a wrong file", s.repoPath("releases/assets/%d", have.ID)); err != nil {
				return err
			}
		}
		var err error
		if have, err = s.sendAsset(ctx, id, i); err != nil {
			return err
		}
	}
}

func tooOften(a marketops.Asset, have *asset) error {
	f := &marketops.Failure{Code: marketops.UploadDigestDiffers, State: stateDraftKept,
		What: fmt.Sprintf("%s was sent %d times and GitHub holds other bytes", a.Name, maxUploads)}
	if have == nil {
		f.Code, f.What = marketops.GitHubUnreachable, fmt.Sprintf("%s was sent %d times and GitHub does not show it", a.Name, maxUploads)
	}
	return f
}

// sendAsset sends one file once and returns what GitHub then has under its name, nil if that
// is nothing. An answer without a digest is no proof yet; the caller fetches the bytes.
func (s *session) sendAsset(ctx context.Context, id int64, i int) (*asset, error) {
	a := s.op.Release.Assets[i]
	c := &call{
		step: fmt.Sprintf("upload file %d", i+1), method: http.MethodPost, size: a.Size,
		path:   s.repoPath("releases/%d/assets?name=", id) + url.QueryEscape(a.Name),
		upload: newUpload(s.work.Content[i], a),
	}
	var got asset
	became, err := s.write(ctx, c, func(x *exchange) error {
		got = asset{}
		if err := decode(x, http.StatusCreated, &got); err != nil {
			return err
		}
		if got.ID == 0 || got.Name != a.Name || got.Size != a.Size || got.State != "uploaded" ||
			got.ContentType != a.ContentType || got.Digest != "" && got.Digest != a.SHA256.String() {
			return errOther
		}
		return nil
	})
	if fault := c.upload.fault(); fault != nil {
		return nil, fault
	}
	switch {
	case became == done:
		return &got, nil
	case became == undone && !errors.Is(err, marketops.GitHubDenied):
		return nil, err
	}
	return s.afterUpload(ctx, id, a.Name, became, err)
}

// afterUpload reads what an upload left behind that was not answered as planned. "Already
// exists" means that an earlier attempt had arrived after all.
func (s *session) afterUpload(ctx context.Context, id int64, name string, became writeResult, why error) (*asset, error) {
	files, err := s.assets(ctx, id)
	if err != nil {
		return nil, err
	}
	have := named(files, name)
	if became == undone && have == nil {
		return nil, why
	}
	if have == nil { // it may still be on its way into the list
		if err := s.port.rest(ctx, "looking for a file: "+s.port.secrets.wash(why).Error(), s.port.options.Pauses[0]); err != nil {
			return nil, interrupted("looking for a file", err)
		}
		if files, err = s.assets(ctx, id); err != nil {
			return nil, err
		}
		have = named(files, name)
	}
	return have, nil
}

package plan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/leaks"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/plan/document"
)

// assets measures what the patterns match. Every file that cannot be published gets its own
// reason; the paths are parallel to the assets, which are in name order.
func assets(ctx context.Context, root *os.Root, sources []AssetSource, c *candidate) ([]marketops.Asset, []File) {
	found, err := assetFiles(ctx, root, sources, c)
	if err != nil {
		c.reject(err)
		return nil, nil
	}
	if len(found) > marketops.MaxAssets {
		c.reject(deny(marketops.AssetUnsafe, fmt.Sprintf("%d files, at most %d", len(found), marketops.MaxAssets), "make the patterns narrower"))
		return nil, nil
	}
	out, files := []marketops.Asset{}, []File{}
	for i, f := range found {
		a, err := asset(ofFile(ctx, f.Path, i+1, len(found)), root, f, c)
		if err != nil {
			c.reject(err)
			continue
		}
		out, files = append(out, a), append(files, f)
	}
	slices.SortFunc(out, func(a, b marketops.Asset) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	refuseTwins(files, c)
	return out, files
}

// refuseTwins refuses names that differ in case only, or not at all: on some file systems one
// download would replace the other.
func refuseTwins(files []File, c *candidate) {
	seen := map[string]File{}
	for _, f := range files {
		low := strings.ToLower(f.Name)
		if other, twice := seen[low]; twice {
			c.reject(deny(marketops.AssetUnsafe, fmt.Sprintf("%q and %q would have one name", other.Path, f.Path), "rename one of them"))
		}
		seen[low] = f
	}
}

// plain drops the ./ that people like to write.
func plain(name string) string { return strings.TrimPrefix(name, "./") }

func asset(ctx context.Context, root *os.Root, f File, c *candidate) (marketops.Asset, error) {
	name, p := f.Name, f.Path
	if err := scan("the name of a file", p); err != nil {
		return marketops.Asset{}, err
	}
	if err := checkAssetName(f); err != nil {
		return marketops.Asset{}, err
	}
	if !utf8.ValidString(p) {
		return marketops.Asset{}, deny(marketops.AssetUnsafe, fmt.Sprintf("the path %q is not UTF-8", p), "")
	}
	size, digest, err := measure(ctx, root, p, c)
	if err != nil {
		return marketops.Asset{}, err
	}
	if size == 0 {
		return marketops.Asset{}, deny(marketops.AssetUnsafe, fmt.Sprintf("%q is empty", p), "")
	}
	return marketops.Asset{Name: name, Size: size, SHA256: digest, ContentType: mediaOf(name)}, nil
}

// measure hashes a file and notes what is odd about it.
func measure(ctx context.Context, root *os.Root, p string, c *candidate) (int64, marketops.Digest, error) {
	return measureInto(ctx, root, p, c, func(int64) io.Writer { return io.Discard })
}

// measureInto is measure, and writes the bytes of the file besides.
func measureInto(ctx context.Context, root *os.Root, p string, c *candidate, into func(size int64) io.Writer) (int64, marketops.Digest, error) {
	f, fi, err := regular.Open(root, plain(p))
	if errors.Is(err, marketops.FileUnsafe) {
		return 0, marketops.Digest{}, deny(marketops.AssetUnsafe, fmt.Sprintf("%q is %v", p, err), "")
	} else if err != nil {
		return 0, marketops.Digest{}, unreadable(p, err)
	}
	defer f.Close()
	if fi.Size() > marketops.MaxAssetSize {
		return 0, marketops.Digest{}, deny(marketops.AssetUnsafe, fmt.Sprintf("%q has %d bytes, at most %d", p, fi.Size(), int64(marketops.MaxAssetSize)), "")
	}
	w, small := into(fi.Size()), &bytes.Buffer{}
	if fi.Size() <= leaks.MaxFile {
		w = io.MultiWriter(w, small)
	}
	size, digest, err := hash(ctx, f, w)
	if err != nil {
		return 0, marketops.Digest{}, unreadable(p, err)
	}
	if size != fi.Size() {
		return 0, marketops.Digest{}, deny(marketops.AssetUnsafe, fmt.Sprintf("%q changed while it was read", p), "let the build finish, then plan again")
	}
	if what := leaks.File(small.Bytes()); what != "" {
		return 0, marketops.Digest{}, deny(marketops.SecretSuspected, fmt.Sprintf("%q is or holds %s", p, what),
			"leave it out: make the patterns narrower; if it was published before, revoke it")
	}
	c.noteContent(p, small.Bytes())
	if n := links(fi); n > 1 {
		c.find("hard-link", document.Note, fmt.Sprintf("%q has %d names on this machine; whoever writes to another one changes it", p, n))
	}
	return size, digest, nil
}

// hash streams at most one byte more than an asset may have into w.
func hash(ctx context.Context, r io.Reader, w io.Writer) (int64, marketops.Digest, error) {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(h, w), io.LimitReader(newUntilDone(ctx, r), marketops.MaxAssetSize+1))
	return n, marketops.Digest(h.Sum(nil)), err
}

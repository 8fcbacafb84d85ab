package plan

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/plan/document"
)

// Limits of looking for files.
const (
	maxEntries = 20_000 // names in one folder
	maxPattern = 1024   // bytes
)

// globFS is a folder for [fs.Glob], which takes every error for "no match": a folder that
// cannot be read must not make a release silently smaller.
type globFS struct {
	fs.FS
	root *os.Root
	err  error
}

// ReadDir implements [fs.ReadDirFS].
func (g *globFS) ReadDir(name string) ([]fs.DirEntry, error) {
	fi, err := g.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && fi.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	var list []fs.DirEntry
	if err == nil {
		list, err = regular.Entries(g.root, name, maxEntries)
	}
	if err != nil && g.err == nil {
		g.err = fmt.Errorf("folder %q: %w", name, err)
	}
	return list, err
}

// Stat implements [fs.StatFS]; it does not follow a link, so that a broken one is found too.
func (g *globFS) Stat(name string) (fs.FileInfo, error) {
	fi, err := g.root.Lstat(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && g.err == nil {
		g.err = fmt.Errorf("%q: %w", name, err)
	}
	return fi, err
}

// glob returns what the patterns match, sorted, each path once.
func glob(root *os.Root, patterns []string) ([]string, error) {
	var all []string
	for _, p := range patterns {
		p = plain(p)
		if len(p) > maxPattern || strings.Contains(p, "\\") || !fs.ValidPath(p) || p == "." {
			return nil, deny(marketops.AssetUnsafe, fmt.Sprintf("the pattern %.200q leaves the folder, or is not written with plain slashes", p),
				"write patterns like dist/*.tar.gz, relative to marketops.yaml")
		}
		g := &globFS{FS: root.FS(), root: root}
		found, err := fs.Glob(g, p)
		if err = errors.Join(err, g.err); errors.Is(err, marketops.FileUnsafe) {
			return nil, deny(marketops.AssetUnsafe, fmt.Sprintf("the pattern %q: %v", p, err), "")
		} else if err != nil {
			return nil, deny(marketops.SourceUnreadable, fmt.Sprintf("the pattern %q: %v", p, err), "")
		}
		if len(found) == 0 {
			return nil, deny(marketops.SourceUnreadable, fmt.Sprintf("the pattern %q matches no file", p), "build the files first, or fix the pattern")
		}
		all = append(all, found...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// assets measures what the patterns match. Every file that cannot be published gets its own
// reason; the paths are parallel to the assets, which are in name order.
func assets(ctx context.Context, root *os.Root, patterns []string, c *candidate) ([]marketops.Asset, []File) {
	paths, err := glob(root, patterns)
	if err != nil {
		c.reject(err)
		return nil, nil
	}
	if len(paths) > marketops.MaxAssets {
		c.reject(deny(marketops.AssetUnsafe, fmt.Sprintf("%d files, at most %d", len(paths), marketops.MaxAssets), "make the patterns narrower"))
		return nil, nil
	}
	out, files := []marketops.Asset{}, []File{}
	for i, p := range paths {
		a, err := asset(ofFile(ctx, p, i+1, len(paths)), root, p, c)
		if err != nil {
			c.reject(err)
			continue
		}
		out, files = append(out, a), append(files, File{Name: a.Name, Path: p})
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

func asset(ctx context.Context, root *os.Root, p string, c *candidate) (marketops.Asset, error) {
	name := path.Base(p)
	if err := scan("the name of a file", p); err != nil {
		return marketops.Asset{}, err
	}
	if err := assetGrammar(name); err != nil {
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
	size, digest, err := hash(ctx, f, into(fi.Size()))
	if err != nil {
		return 0, marketops.Digest{}, unreadable(p, err)
	}
	if size != fi.Size() {
		return 0, marketops.Digest{}, deny(marketops.AssetUnsafe, fmt.Sprintf("%q changed while it was read", p), "let the build finish, then plan again")
	}
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

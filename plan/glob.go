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
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/plan/document"
)

// Limits of looking for the files of one publication.
const (
	maxEntries = 100_000 // names in all folders that are read
	maxDepth   = 64      // folders below each other
	maxPattern = 1024    // bytes
	anyDepth   = "**"    // as a part of a pattern: any number of folders, none too
)

// finder looks for files below a folder.
//
//   - Each part of a pattern is one of [path.Match], or "**" for any depth.
//   - "*", "?" and "**" pass over names that begin with a dot, as a shell does; a part that begins with one takes them.
//   - A pattern with "**" takes files alone. Another one also finds a folder or a link, which is refused later.
//   - No link is followed. A folder that cannot be read is an error: it must not make a release silently smaller.
type finder struct {
	ctx    context.Context
	root   *os.Root
	read   map[string][]fs.DirEntry // folders, each read once
	left   int                      // of maxEntries
	hidden []string                 // paths that were passed over
}

func newFinder(ctx context.Context, root *os.Root) *finder {
	return &finder{ctx: ctx, root: root, read: map[string][]fs.DirEntry{}, left: maxEntries}
}

// files returns what the patterns match, sorted, each path once.
func (f *finder) files(patterns []string) ([]string, error) {
	var all []string
	for _, p := range patterns {
		found, err := f.one(plain(p))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func (f *finder) one(p string) ([]string, error) {
	if err := checkPattern(p); err != nil {
		return nil, err
	}
	s := &search{finder: f, parts: slices.CompactFunc(strings.Split(p, "/"), bothAny), seen: map[place]bool{}}
	s.filesOnly = slices.Contains(s.parts, anyDepth)
	err := s.walk(".", 0)
	switch {
	case errors.Is(err, marketops.FileUnsafe):
		return nil, deny(marketops.AssetUnsafe, fmt.Sprintf("the pattern %q: %v", p, err), "")
	case err != nil:
		return nil, deny(marketops.SourceUnreadable, fmt.Sprintf("the pattern %q: %v", p, err), "")
	case len(s.found) == 0:
		return nil, deny(marketops.SourceUnreadable, fmt.Sprintf("the pattern %q matches no file", p), noMatchRemedy(p))
	}
	return s.found, nil
}

func bothAny(a, b string) bool { return a == anyDepth && b == anyDepth }

func noMatchRemedy(p string) string {
	if strings.ContainsAny(p, "{}") {
		return "braces are not special in a pattern: write one pattern for each alternative"
	}
	return "build the files first, or fix the pattern"
}

func checkPattern(p string) error {
	if len(p) > maxPattern || strings.Contains(p, "\\") || !fs.ValidPath(p) || p == "." {
		return deny(marketops.AssetUnsafe, fmt.Sprintf("the pattern %.200q leaves the folder, or is not written with plain slashes", p),
			"write patterns like dist/*.tar.gz, relative to marketops.yaml")
	}
	for _, part := range strings.Split(p, "/") {
		if _, err := path.Match(part, ""); err != nil {
			return deny(marketops.SourceUnreadable, fmt.Sprintf("the pattern %q: %v", p, err), "fix the pattern")
		}
		if part != anyDepth && strings.Contains(part, anyDepth) {
			return deny(marketops.AssetUnsafe, fmt.Sprintf("the pattern %q: ** is any depth only where it is a whole part of the path", p),
				"write dist/**/*.zip for any depth, or dist/*.zip for one folder")
		}
	}
	return nil
}

// place is a folder and the part of the pattern that is to match below it.
type place struct {
	dir  string
	part int
}

// search is the search for one pattern.
type search struct {
	*finder
	parts     []string
	filesOnly bool
	seen      map[place]bool
	found     []string
}

// walk matches the parts from this one on below a folder.
func (s *search) walk(dir string, part int) error {
	if s.seen[place{dir, part}] {
		return nil
	}
	s.seen[place{dir, part}] = true
	if err := s.ctx.Err(); err != nil {
		return err
	}
	if s.parts[part] != anyDepth {
		return s.match(dir, part)
	}
	if part == len(s.parts)-1 {
		if err := s.each(dir, "*", true, s.take); err != nil {
			return err
		}
	} else if err := s.walk(dir, part+1); err != nil {
		return err
	}
	return s.each(dir, "*", false, func(name string) error { return s.enter(name, part) })
}

// match continues with each name of a folder that one part matches.
func (s *search) match(dir string, part int) error {
	do, last := s.take, part == len(s.parts)-1
	if !last {
		do = func(name string) error { return s.enter(name, part+1) }
	}
	if p := s.parts[part]; !strings.ContainsAny(p, "*?[") {
		name := path.Join(dir, p)
		if _, err := s.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		return do(name)
	}
	return s.each(dir, s.parts[part], last, do)
}

// enter continues in a folder. A file is none. A link is refused unless it leads to a file, for it may lead to more files.
func (s *search) enter(name string, part int) error {
	fi, err := s.root.Lstat(name)
	if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
		if to, err := s.root.Stat(name); err == nil && to.Mode().IsRegular() {
			return nil
		}
	}
	if err == nil && fi.Mode().IsRegular() {
		return nil
	}
	if strings.Count(name, "/") >= maxDepth {
		return fmt.Errorf("%.200q lies more than %d folders deep", name, maxDepth)
	}
	if _, err := s.list(name); err != nil {
		return err
	}
	return s.walk(name, part)
}

// take takes what the last part matches.
func (s *search) take(name string) error {
	if s.filesOnly {
		if fi, err := s.root.Lstat(name); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		} else if fi.IsDir() {
			return nil
		}
	}
	s.found = append(s.found, name)
	return nil
}

// each calls do for the names of a folder that match; before the last part only folders matter.
func (s *search) each(dir, pattern string, last bool, do func(string) error) error {
	list, err := s.list(dir)
	if err != nil {
		return err
	}
	for _, entry := range list {
		name := path.Join(dir, entry.Name())
		if ok, err := path.Match(pattern, entry.Name()); err != nil || !ok {
			continue
		}
		if strings.HasPrefix(entry.Name(), ".") && !strings.HasPrefix(pattern, ".") {
			if last || entry.IsDir() {
				s.hidden = append(s.hidden, name)
			}
			continue
		}
		if err := do(name); err != nil {
			return err
		}
	}
	return nil
}

// list reads a folder once.
func (f *finder) list(dir string) ([]fs.DirEntry, error) {
	if list, ok := f.read[dir]; ok {
		return list, nil
	}
	list, err := regular.Entries(f.root, dir, f.left)
	if err != nil {
		return nil, fmt.Errorf("folder %q: %w", dir, err)
	}
	f.left -= len(list)
	f.read[dir] = list
	return list, nil
}

// noteHidden says which names were passed over because they begin with a dot.
func (f *finder) noteHidden(c *candidate) {
	slices.Sort(f.hidden)
	f.hidden = slices.Compact(f.hidden)
	n := len(f.hidden)
	if n == 0 {
		return
	}
	const named = 3
	text := fmt.Sprintf("%q", f.hidden[:min(n, named)])
	if n > named {
		text += fmt.Sprintf(" and %d more", n-named)
	}
	if err := scan("the name of a hidden file", text); err != nil {
		c.reject(err)
		return
	}
	c.find("hidden-files", document.Note, "the patterns pass over names that begin with a dot: "+text)
}

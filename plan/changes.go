package plan

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
)

// workflows may not be changed in passing: a change of them changes what runs with the
// repository's own credentials.
const workflows = ".github/workflows/"

// Limits of what a run folder holds so that people can read what a change set changes.
const (
	MaxShown   = 1 << 20  // bytes of one file
	maxObjects = 16 << 20 // bytes of all files and trees of one change set
)

// readChanges measures the files of a change set.
func (e *engine) readChanges(ctx context.Context, c *candidate) error {
	set := c.op.PullRequest.Changes
	for _, ch := range c.pub.Changes {
		if strings.HasPrefix(strings.ToLower(ch.Path), workflows) {
			c.reject(deny(marketops.RuleDenied, fmt.Sprintf("%q is a workflow", ch.Path), "change workflows by hand, with their own review"))
		}
		c.reject(marketops.ValidatePath(ch.Path))
		made, err := e.readChange(ctx, c, ch)
		c.reject(err)
		set.Changes = append(set.Changes, made)
		c.files = append(c.files, File{Name: ch.Path, Path: plain(ch.File)})
	}
	slices.SortFunc(set.Changes, func(a, b marketops.Change) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(c.files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// changeReader takes the bytes of one file of a change set.
type changeReader struct {
	blob interface {
		io.Writer
		Sum([]byte) []byte
	}
	kept *bytes.Buffer // nil where the file is too long to be shown
}

func (r *changeReader) open(length gitobject.Length, size int64) io.Writer {
	r.blob = length.BlobHash(size)
	if size > MaxShown {
		return r.blob
	}
	r.kept = &bytes.Buffer{}
	return io.MultiWriter(r.blob, r.kept)
}

func (e *engine) readChange(ctx context.Context, c *candidate, ch FileChange) (marketops.Change, error) {
	var r changeReader
	length := gitobject.LengthOf(c.op.PullRequest.Base.SHA)
	size, digest, err := measureInto(ctx, e.root, ch.File, c, func(size int64) io.Writer { return r.open(length, size) })
	if err != nil {
		return marketops.Change{}, err
	}
	blob := hex.EncodeToString(r.blob.Sum(nil))
	if r.kept != nil {
		c.keep(blob, r.kept.Bytes())
	}
	return marketops.Change{Path: ch.Path, Mode: ch.Mode, Size: size, SHA256: digest, Blob: blob}, nil
}

// keep holds an object for the run folder.
func (c *candidate) keep(id string, data []byte) {
	if c.objects == nil {
		c.objects = map[string][]byte{}
	}
	c.objects[id] = data
}

// placeChanges computes the tree that results on top of the base, with the modes, and refuses a change that would
// do more than put a file at its path.
func (e *engine) placeChanges(ctx context.Context, c *candidate) error {
	set, sizes := c.op.PullRequest.Changes, map[string]int64{}
	changes := make([]gitobject.Change, len(set.Changes))
	for i, ch := range set.Changes {
		changes[i] = gitobject.Change{Path: ch.Path, Mode: ch.Mode, Blob: ch.Blob}
	}
	result, placed, err := gitobject.Apply(c.commit.Tree, changes, func(id string) (gitobject.Tree, error) { return e.readTree(ctx, c, id, sizes) })
	if err != nil {
		return placeRefusal(c, err)
	}
	set.BaseTree, set.Tree = c.commit.Tree, result
	for i, p := range placed {
		set.Changes[i].Mode = p.Mode
		if p.Before.Mode != "" {
			set.Changes[i].Before = &marketops.Before{Mode: p.Before.Mode, Blob: p.Before.ID}
		}
	}
	if err := e.readBefore(ctx, c, sizes); err != nil {
		return err
	}
	c.noteChanges()
	return c.checkObjects()
}

func placeRefusal(c *candidate, err error) error {
	var there *gitobject.Collision
	if !errors.As(err, &there) {
		return err
	}
	return deny(marketops.RuleDenied, fmt.Sprintf("changes: in commit %s of %s, %v", c.op.PullRequest.Base.SHA, c.pub.Base, there),
		"name another path; a change set only puts files at its paths, and removes nothing")
}

// readTree reads a folder of the base and keeps it.
func (e *engine) readTree(ctx context.Context, c *candidate, id string, sizes map[string]int64) (gitobject.Tree, error) {
	tree, err := e.o.Source.Tree(ctx, c.repo.FullName, id)
	if err != nil {
		return nil, err
	}
	var out gitobject.Tree
	for _, entry := range tree {
		out, sizes[entry.ID] = append(out, gitobject.Entry{Name: entry.Name, Mode: entry.Mode, ID: entry.ID}), entry.Size
	}
	data, err := out.Encode()
	if err == nil {
		c.keep(id, data)
	}
	return out, err
}

// readBefore reads and keeps the files that are changed, if they are short enough to be shown.
func (e *engine) readBefore(ctx context.Context, c *candidate, sizes map[string]int64) error {
	for _, ch := range c.op.PullRequest.Changes.Changes {
		b := ch.Before
		if b == nil || sizes[b.Blob] > MaxShown {
			continue
		}
		if _, kept := c.objects[b.Blob]; kept {
			continue
		}
		data, err := e.o.Source.Blob(ctx, c.repo.FullName, b.Blob)
		if err != nil {
			return err
		}
		if gitobject.LengthOf(b.Blob).Blob(data) != b.Blob {
			return deny(marketops.SourceUnreadable, fmt.Sprintf("%q: the answer is not the file %s", ch.Path, b.Blob), "")
		}
		if len(data) <= MaxShown {
			c.keep(b.Blob, data)
		}
	}
	return nil
}

// checkObjects bounds what people would have to read.
func (c *candidate) checkObjects() error {
	total := 0
	for _, data := range c.objects {
		total += len(data)
	}
	if total > maxObjects {
		return deny(marketops.RuleDenied, fmt.Sprintf("the files of the change set and those that they replace have %d bytes, at most %d", total, maxObjects), "make several smaller pull requests")
	}
	return nil
}

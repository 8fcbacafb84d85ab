package githubtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// firstDate is the date of a repository's first commit unless given; each later one is a
// minute after its parent, so that ids are the same in every run.
var firstDate = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Change describes a commit made without the API.
type Change struct {
	Message string
	Files   map[string]string // path to content
	Modes   map[string]string // of Files; 100644 where it does not say. A link's content is its target, a submodule's its commit
	Delete  []string          // paths
	Author  Person            // zero: "Seed <seed@example.com>"; a zero date is the parent's and a minute
}

// Commit adds a commit to a branch, making the branch at the default branch's tip if it
// is new, and returns its id.
func (r *Repo) Commit(branch string, ch Change) (string, error) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.before = r.snapshot()
	refs := r.git.refs()
	tip, found := lookup(refs, "refs/heads/"+branch)
	if !found {
		tip, _ = lookup(refs, "refs/heads/"+r.spec.DefaultBranch)
	}
	sha, err := r.commitOn(tip.sha, ch)
	if err != nil {
		return "", err
	}
	return sha, r.git.pointRef("refs/heads/"+branch, sha)
}

// LooseCommit makes a commit no ref reaches, like one pushed to a fork only: it can be
// read by its id all the same.
func (r *Repo) LooseCommit(parent string, ch Change) (string, error) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	return r.commitOn(parent, ch)
}

func (r *Repo) commitOn(parent string, ch Change) (string, error) {
	k := commit{message: ch.Message, author: ch.Author}
	date, base := firstDate, ""
	if parent != "" {
		p, err := r.git.commit(parent)
		if err != nil {
			return "", fmt.Errorf("githubtest: parent %s: %w", parent, err)
		}
		date, base, k.parents = p.committer.Date.UTC().Add(time.Minute), p.tree, []string{parent}
	}
	if k.author.Name == "" {
		k.author.Name, k.author.Email = "Seed", "seed@example.com"
	}
	if k.author.Date.IsZero() {
		k.author.Date = date
	}
	k.committer = k.author
	var err error
	if k.tree, err = r.git.writeTree(base, ch.entries()); err != nil {
		return "", err
	}
	return r.git.write("commit", k.format())
}

func (ch Change) entries() []treeEntry {
	var entries []treeEntry
	for path, content := range ch.Files {
		e := treeEntry{Path: path, Mode: cmp.Or(ch.Modes[path], "100644"), Type: "blob", Content: &content}
		if e.Mode == "160000" {
			e.Type, e.SHA, e.Content = "commit", &content, nil
		}
		entries = append(entries, e)
	}
	for _, path := range ch.Delete {
		entries = append(entries, treeEntry{Path: path, Mode: "100644", Type: "blob"})
	}
	slices.SortFunc(entries, func(a, b treeEntry) int { return strings.Compare(a.Path, b.Path) })
	return entries
}

// SetRef points a full ref name at an object, new or moved, as a push would.
func (r *Repo) SetRef(name, sha string) error {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.before = r.snapshot()
	return r.git.pointRef(name, sha)
}

// Tag makes an annotated tag of an object, new or moved, as a push would, and returns the id of the tag object. A signature
// is a part of the message, as git keeps it.
func (r *Repo) Tag(name, sha, message string) (string, error) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.before = r.snapshot()
	kind, _, err := r.git.object(sha)
	if err != nil {
		return "", err
	}
	t := tag{object: sha, kind: kind, name: name, message: message, tagger: Person{Name: "Seed", Email: "seed@example.com", Date: firstDate}}
	object, err := r.git.write("tag", t.format())
	if err != nil {
		return "", err
	}
	return object, r.git.pointRef("refs/tags/"+name, object)
}

// DeleteRef removes a full ref name.
func (r *Repo) DeleteRef(name string) error {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.before = r.snapshot()
	_, err := r.git.run(nil, "update-ref", "--no-deref", "-d", name)
	return err
}

// Ref returns what a full ref name points at, or "" if it does not exist.
func (r *Repo) Ref(name string) string {
	found, _ := lookup(r.git.refs(), name)
	return found.sha
}

// Rename gives the repository another name. The old one redirects, as on GitHub.
func (r *Repo) Rename(owner, name string) error {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	if !repoName.MatchString(owner) || !repoName.MatchString(name) || r.server.repos[key(owner, name)] != nil {
		return fmt.Errorf("githubtest: cannot rename to %s/%s", owner, name)
	}
	r.spec.Owner, r.spec.Name = owner, name
	r.server.repos[key(owner, name)] = r
	return nil
}

// Set changes the settings of the repository: Private, Archived, Disabled,
// ImmutableReleases and DefaultBranch. The names and the number stay.
func (r *Repo) Set(change func(*RepoSpec)) {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	spec := r.spec
	change(&spec)
	spec.ID, spec.Owner, spec.Name = r.spec.ID, r.spec.Owner, r.spec.Name
	r.spec = spec
}

// ClosePull closes an open pull request, as merged or not.
func (r *Repo) ClosePull(number int, merged bool) error {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.before = r.snapshot()
	for _, p := range r.live.pulls {
		if p.number == number && p.open {
			p.open, p.merged, p.closedAt = false, merged, r.server.now()
			return nil
		}
	}
	return fmt.Errorf("githubtest: no open pull request %d", number)
}

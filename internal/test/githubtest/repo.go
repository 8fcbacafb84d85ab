package githubtest

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// RepoSpec describes a repository. Owner and Name are needed.
type RepoSpec struct {
	Owner, Name       string
	ID                int64  // 0: the next free number
	DefaultBranch     string // empty: main
	Private           bool
	Archived          bool // writes are refused
	Disabled          bool // everything is refused
	ImmutableReleases bool // what is published from now on cannot change
	Unseen            int  // writes that do not see yet what they name, and call it invalid
	LateReservation   bool // the name of a deleted immutable release can be a tag again, and no release
	ReleaseOnTag      bool // a workflow publishes a release of its own for each tag that is made
	TreeLimit         int  // members of a tree that GitHub lists; 0: all
	Heavy             int  // files on one page of releases from which on GitHub does not make it in time; 0: never
}

// Repo is one repository of the server.
type Repo struct {
	server  *Server
	spec    RepoSpec
	git     git
	live    *state
	before  *state // as it was before the last change; nil if nothing has changed yet
	created time.Time
}

// state is what a repository has beside its objects. In the live state the refs are git's own.
type state struct {
	releases []*release // by ascending id
	pulls    []*pull    // by ascending number
	latest   int64      // the release explicitly made latest, or 0
	burnt    []string   // tag names of deleted immutable releases
	frozen   bool       // refs holds a copy, of an earlier moment
	refs     []ref
}

var repoName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// CreateRepo adds an empty repository.
func (s *Server) CreateRepo(spec RepoSpec) (*Repo, error) {
	if !repoName.MatchString(spec.Owner) || !repoName.MatchString(spec.Name) {
		return nil, fmt.Errorf("githubtest: %q/%q is not a repository name", spec.Owner, spec.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if spec.ID == 0 {
		spec.ID = s.takeID()
	}
	if spec.DefaultBranch == "" {
		spec.DefaultBranch = "main"
	}
	// An old name that only redirects is free, as on GitHub, and redirects no longer.
	there := s.repos[key(spec.Owner, spec.Name)]
	if s.byID[spec.ID] != nil || there != nil && strings.EqualFold(there.FullName(), spec.Owner+"/"+spec.Name) {
		return nil, fmt.Errorf("githubtest: repository %s/%s or id %d exists", spec.Owner, spec.Name, spec.ID)
	}
	// The number names the directory, so that renaming moves nothing.
	dir := filepath.Join(s.options.Dir, "git", fmt.Sprintf("%d.git", spec.ID))
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	g, err := initGit(dir)
	if err != nil {
		return nil, err
	}
	r := &Repo{server: s, spec: spec, git: g, live: &state{}, created: s.now()}
	s.byID[spec.ID], s.repos[key(spec.Owner, spec.Name)] = r, r
	return r, nil
}

// Repo finds a repository by its present "owner/name", or returns nil.
func (s *Server) Repo(fullName string) *Repo {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.repos[strings.ToLower(fullName)]; r != nil && strings.EqualFold(r.FullName(), fullName) {
		return r
	}
	return nil
}

// FullName is "owner/name".
func (r *Repo) FullName() string { return r.spec.Owner + "/" + r.spec.Name }

// ID is the number GitHub would keep through renames.
func (r *Repo) ID() int64 { return r.spec.ID }

// Dir is the bare repository, for looking at it with git.
func (r *Repo) Dir() string { return r.git.dir }

// snapshot copies the state deep enough that later changes do not show in it; the caller holds s.mu.
func (r *Repo) snapshot() *state {
	c := &state{latest: r.live.latest, burnt: slices.Clone(r.live.burnt), frozen: true, refs: r.git.refs()}
	for _, rel := range r.live.releases {
		c.releases = append(c.releases, rel.clone())
	}
	for _, p := range r.live.pulls {
		copied := *p
		c.pulls = append(c.pulls, &copied)
	}
	return c
}

// refs are those of the caller's view.
func (c *call) refs() []ref {
	if c.view.frozen {
		return c.view.refs
	}
	return c.repo.git.refs()
}

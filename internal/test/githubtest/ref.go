package githubtest

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// ref is a full ref name and what it points at.
type ref struct{ name, kind, sha string }

// refs lists every ref, in the order of their names.
func (g git) refs() []ref {
	all, simple := g.looseRefs()
	if !simple {
		all = g.listRefs()
	}
	slices.SortFunc(all, func(a, b ref) int { return strings.Compare(a.name, b.name) })
	return all
}

// looseRefs reads the refs that have a file each; simple is false if there are others.
func (g git) looseRefs() (all []ref, simple bool) {
	if _, err := os.Lstat(filepath.Join(g.dir, "packed-refs")); err == nil {
		return nil, false
	}
	err := fs.WalkDir(os.DirFS(g.dir), "refs", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".lock") {
			return err
		}
		text, err := os.ReadFile(filepath.Join(g.dir, filepath.FromSlash(path)))
		if err != nil {
			return err
		}
		sha := strings.TrimSuffix(string(text), "\n")
		kind, _, err := g.object(sha)
		all = append(all, ref{path, kind, sha})
		return err
	})
	return all, err == nil
}

func (g git) listRefs() (all []ref) {
	out, err := g.run(nil, "for-each-ref", "--format=%(objecttype) %(objectname) %(refname)")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(out)) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		all = append(all, ref{kind: f[0], sha: f[1], name: f[2]})
	}
	return all
}

// createRef makes a ref that must not exist, to an object that must.
func (g git) createRef(name, sha string) error {
	if _, exists := lookup(g.refs(), name); exists {
		return fmt.Errorf("%s exists", name)
	}
	return g.pointRef(name, sha)
}

// pointRef makes or moves a ref. What is not plain is for git to decide.
func (g git) pointRef(name, sha string) error {
	kind, _, err := g.object(sha)
	_, packed := os.Lstat(filepath.Join(g.dir, "packed-refs"))
	if err != nil || packed == nil || !g.wellFormed(name) || strings.HasPrefix(name, "refs/heads/") && kind != "commit" {
		_, err := g.run(nil, "update-ref", "--no-deref", name, sha)
		return err
	}
	return putFile(filepath.Join(g.dir, filepath.FromSlash(name)), []byte(sha+"\n"))
}

func lookup(refs []ref, name string) (ref, bool) {
	i := slices.IndexFunc(refs, func(r ref) bool { return r.name == name })
	if i < 0 {
		return ref{}, false
	}
	return refs[i], true
}

func (c *call) refJSON(r ref) object {
	return object{
		"ref": r.name, "node_id": nodeID("Ref", c.repo.spec.ID, r.name),
		"url":    c.repoURL("/git/" + escapePath(r.name)),
		"object": object{"sha": r.sha, "type": r.kind, "url": c.objectURL(r.kind, r.sha)},
	}
}

func (c *call) objectURL(kind, sha string) string { return c.repoURL("/git/" + kind + "s/" + sha) }

func getRef(c *call) answer {
	refs := c.refs()
	if len(refs) == 0 {
		return c.refuse(http.StatusConflict, wordsEmptyRepo)
	}
	r, found := lookup(refs, "refs/"+c.params["ref"])
	if !found {
		return c.notFound()
	}
	return ok(c.refJSON(r))
}

func listMatchingRefs(c *call) answer {
	refs := c.refs()
	if len(refs) == 0 {
		return c.refuse(http.StatusConflict, wordsEmptyRepo)
	}
	matching := []object{}
	for _, r := range refs {
		if strings.HasPrefix(r.name, "refs/"+c.params["ref"]) {
			matching = append(matching, c.refJSON(r))
		}
	}
	return ok(matching)
}

func createRef(c *call) answer {
	var in struct{ Ref, SHA string }
	c.decode(&in)
	git := c.repo.git
	if !strings.HasPrefix(in.Ref, "refs/") || strings.Count(in.Ref, "/") < 2 {
		return c.unprocessable(wordsRefShape)
	}
	if !git.wellFormed(in.Ref) {
		return c.unprocessable(in.Ref + wordsRefName)
	}
	if words := refWords(in.Ref); words != "" {
		return c.unprocessable(words)
	}
	kind, _, err := git.object(in.SHA)
	if err != nil {
		return c.unprocessable(wordsNoObject)
	}
	if _, exists := lookup(git.refs(), in.Ref); exists {
		return c.unprocessable(wordsRefExists)
	}
	if tag, ok := strings.CutPrefix(in.Ref, "refs/tags/"); ok && !c.repo.spec.LateReservation && slices.Contains(c.repo.live.burnt, tag) {
		return c.unprocessable(wordsReserved) // SalamLang/Salam#1627, opsknight-labs/OpsKnight#318
	}
	if c.lacksWorkflows(in.SHA) {
		return c.workflowsDenied()
	}
	if c.unseen() {
		return c.unprocessable(wordsRefFailed) // github/rest-api-description#4887
	}
	if strings.HasPrefix(in.Ref, "refs/heads/") && kind != "commit" || git.createRef(in.Ref, in.SHA) != nil {
		return c.unprocessable(wordsRefFailed)
	}
	made := ref{name: in.Ref, kind: kind, sha: in.SHA}
	return created(c.refJSON(made), append([]Effect{c.effect(RefCreated, in.Ref, in.SHA, 0, true)}, c.releaseOnTag(in.Ref)...)...)
}

var hex40 = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

// refWords are GitHub's words about the name of a branch or tag that git would take, or "". A tag HEAD it makes.
func refWords(full string) string {
	_, name, _ := strings.Cut(strings.TrimPrefix(full, "refs/"), "/")
	switch {
	case strings.HasPrefix(name, "refs/"):
		return wordsRefInRef // marvinpinto/action-automatic-releases#6
	case hex40.MatchString(name):
		return wordsRefHex // astral-sh/uv#10779
	case len(full) > 255:
		return wordsRefLong // desktop/desktop#819
	}
	return ""
}

// deleteRef removes a branch or tag, and closes the pull requests that a branch leaves.
func deleteRef(c *call) answer {
	name := "refs/" + c.params["ref"]
	old, found := lookup(c.repo.git.refs(), name)
	if !found {
		return c.unprocessable(wordsNoRef)
	}
	if _, err := c.repo.git.run(nil, "update-ref", "--no-deref", "-d", name); err != nil {
		return c.refuse(http.StatusInternalServerError, err.Error())
	}
	effects := []Effect{c.effect(RefDeleted, name, old.sha, 0, true)}
	for _, p := range c.repo.live.pulls {
		if p.open && name == "refs/heads/"+p.head {
			p.open, p.headSHA, p.closedAt = false, old.sha, c.server.now()
			effects = append(effects, c.effect(PullClosed, p.head, "", int64(p.number), true))
		}
	}
	return noContent(effects...)
}

// releaseOnTag is a workflow of the repository that is quicker than the one who made the tag.
func (c *call) releaseOnTag(name string) []Effect {
	tag, ok := strings.CutPrefix(name, "refs/tags/")
	if !ok || !c.repo.spec.ReleaseOnTag {
		return nil
	}
	r := &release{id: c.server.takeID(), tag: tag, name: tag, target: c.repo.spec.DefaultBranch, author: "github-actions[bot]", updated: c.server.now()}
	c.repo.live.releases = append(c.repo.live.releases, r)
	return c.publish(r, nil)
}

func (c *call) effect(kind Kind, subject, sha string, id int64, visible bool) Effect {
	return Effect{Kind: kind, Repo: c.repo.FullName(), Subject: subject, Object: sha, ID: id, Visible: visible}
}

package discover

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/gitobject"
	"github.com/omega/marketops/plan"
)

// Repository implements [plan.Source].
func (g *GitHub) Repository(ctx context.Context, fullName string) (plan.Repository, error) {
	u, err := g.repo(fullName, nil)
	if err != nil {
		return plan.Repository{}, err
	}
	var r struct {
		ID            int64  `json:"id"`
		FullName      string `json:"full_name"`
		DefaultBranch string `json:"default_branch"`
		Archived      bool   `json:"archived"`
		Disabled      bool   `json:"disabled"`
		Permissions   *struct {
			Pull bool `json:"pull"`
			Push bool `json:"push"`
		} `json:"permissions"`
	}
	what := "repository " + fullName
	if _, err := g.get(ctx, what, u, &r); err != nil {
		return plan.Repository{}, err
	}
	if r.ID <= 0 || r.FullName == "" || r.DefaultBranch == "" {
		return plan.Repository{}, unreadable(what, fmt.Errorf("the answer lacks id, full_name or default_branch"))
	}
	out := plan.Repository{ID: r.ID, FullName: r.FullName, DefaultBranch: r.DefaultBranch, Archived: r.Archived || r.Disabled}
	switch p := r.Permissions; {
	case p == nil || p.Pull && !p.Push:
	case p.Push:
		out.Drafts = plan.DraftsSeen
	default: // no user is behind the token
		out.Drafts = plan.DraftsUnsure
	}
	return out, nil
}

// Commit implements [plan.Source].
func (g *GitHub) Commit(ctx context.Context, fullName, sha string) (plan.Commit, error) {
	what := "commit " + sha
	if !marketops.FullSHA(sha) {
		return plan.Commit{}, unreadable(what, fmt.Errorf("not a full object id"))
	}
	u, err := g.repo(fullName, nil, "git/commits", sha)
	if err != nil {
		return plan.Commit{}, err
	}
	var c struct {
		SHA  string `json:"sha"`
		Tree struct {
			SHA string `json:"sha"`
		} `json:"tree"`
		Committer struct {
			Date time.Time `json:"date"`
		} `json:"committer"`
	}
	if _, err := g.get(ctx, what, u, &c); err != nil {
		return plan.Commit{}, err
	}
	if c.SHA != sha || !marketops.FullSHA(c.Tree.SHA) || c.Committer.Date.IsZero() {
		return plan.Commit{}, unreadable(what, fmt.Errorf("the answer is about another commit, or lacks tree or date"))
	}
	return plan.Commit{SHA: c.SHA, Tree: c.Tree.SHA, Date: marketops.TimeOf(c.Committer.Date)}, nil
}

// Branch implements [plan.Source].
func (g *GitHub) Branch(ctx context.Context, fullName, name string) (plan.Ref, error) {
	return g.refWithRoom(ctx, fullName, "heads/", name)
}

// Tag implements [plan.Source].
func (g *GitHub) Tag(ctx context.Context, fullName, name string) (plan.Ref, error) {
	return g.refWithRoom(ctx, fullName, "tags/", name)
}

// refWithRoom is a ref or, if it is absent, also the ref above it that leaves no room for it. That one is asked for by its
// name: a list could hold every tag of the repository, and GitHub refuses such a ref anyway.
func (g *GitHub) refWithRoom(ctx context.Context, fullName, space, name string) (plan.Ref, error) {
	ref, err := g.ref(ctx, fullName, space+name)
	if err != nil || ref.Presence != plan.Absent || ref.Beside != "" {
		return ref, err
	}
	for _, above := range marketops.RefsAbove(name) {
		there, err := g.isRef(ctx, fullName, space+above)
		if err != nil {
			return plan.Ref{}, err
		}
		if there {
			ref.Beside = "refs/" + space + above
			break
		}
	}
	return ref, nil
}

// Twin implements [plan.Source].
func (g *GitHub) Twin(ctx context.Context, fullName, ref string) (string, error) {
	short := strings.TrimPrefix(ref, "refs/")
	space, name, _ := strings.Cut(short, "/")
	for _, spelling := range spellings(name) {
		there, err := g.isRef(ctx, fullName, space+"/"+spelling)
		if err != nil || there {
			return "refs/" + space + "/" + spelling, err
		}
	}
	return "", nil
}

// spellings are a name in lower case, and with its first letter in the other case, where they differ from it.
func spellings(name string) (out []string) {
	if name == "" {
		return nil
	}
	first := strings.ToUpper(name[:1])
	if first == name[:1] {
		first = strings.ToLower(first)
	}
	for _, s := range []string{strings.ToLower(name), first + name[1:]} {
		if s != name && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// isRef reports whether GitHub shows a ref of exactly this name.
func (g *GitHub) isRef(ctx context.Context, fullName, name string) (bool, error) {
	u, err := g.repo(fullName, nil, "git/ref", name)
	if err != nil {
		return false, err
	}
	var got struct {
		Ref string `json:"ref"`
	}
	_, err = g.get(ctx, "ref "+name, u, &got)
	if errors.Is(err, errMissing) {
		return false, nil
	}
	return got.Ref == "refs/"+name, err
}

// ref looks a ref up by its exact name. The list holds every ref that begins with it, so an
// empty list, or one without it, proves that it is not there.
func (g *GitHub) ref(ctx context.Context, fullName, name string) (plan.Ref, error) {
	what := "ref " + name
	u, err := g.repo(fullName, nil, "git/matching-refs", name)
	if err != nil {
		return plan.Ref{}, err
	}
	type item struct {
		Ref    string `json:"ref"`
		Object struct {
			SHA  string `json:"sha"`
			Type string `json:"type"`
		} `json:"object"`
	}
	var found item
	stray, below := false, ""
	err = each(ctx, g, what, u, func(i item) bool {
		stray = stray || !strings.HasPrefix(i.Ref, "refs/"+name)
		if strings.HasPrefix(i.Ref, "refs/"+name+"/") {
			below = i.Ref
		}
		if i.Ref == "refs/"+name {
			found = i
		}
		return found.Ref != ""
	})
	switch {
	case err != nil:
		return plan.Ref{}, err
	case found.Ref == "" && stray:
		return plan.Ref{}, unreadable(what, fmt.Errorf("the answer lists refs that were not asked for"))
	case found.Ref == "":
		return plan.Ref{Presence: plan.Absent, Beside: below}, nil
	case !marketops.FullSHA(found.Object.SHA):
		return plan.Ref{}, unreadable(what, fmt.Errorf("the answer has no full object id"))
	}
	return plan.Ref{Presence: plan.Present, SHA: found.Object.SHA, Type: found.Object.Type}, nil
}

// TagObject implements [plan.Source].
func (g *GitHub) TagObject(ctx context.Context, fullName, id string) (plan.TagObject, error) {
	what := "tag object " + id
	if !marketops.FullSHA(id) {
		return plan.TagObject{}, unreadable(what, fmt.Errorf("not a full object id"))
	}
	u, err := g.repo(fullName, nil, "git/tags", id)
	if err != nil {
		return plan.TagObject{}, err
	}
	var t struct {
		SHA    string `json:"sha"`
		Tag    string `json:"tag"`
		Object struct {
			SHA  string `json:"sha"`
			Type string `json:"type"`
		} `json:"object"`
		Tagger struct {
			Name  string `json:"name"`
			Email string `json:"email"`
		} `json:"tagger"`
		Verification struct {
			Reason string `json:"reason"`
		} `json:"verification"`
	}
	if _, err := g.get(ctx, what, u, &t); err != nil {
		return plan.TagObject{}, err
	}
	if t.SHA != id || !marketops.FullSHA(t.Object.SHA) {
		return plan.TagObject{}, unreadable(what, fmt.Errorf("the answer is about another tag object, or says not of what it is"))
	}
	return plan.TagObject{Name: t.Tag, Object: t.Object.SHA, Type: t.Object.Type, Tagger: t.Tagger.Name + " <" + t.Tagger.Email + ">", Signature: t.Verification.Reason}, nil
}

// OnBranch implements [plan.Source]. It compares object ids, because a tag called like the
// branch would make the branch's name ambiguous.
func (g *GitHub) OnBranch(ctx context.Context, fullName, branch, sha string) (bool, error) {
	what := fmt.Sprintf("comparing %s with branch %s", sha, branch)
	tip, err := g.Branch(ctx, fullName, branch)
	if err != nil {
		return false, err
	}
	if tip.Presence != plan.Present || !marketops.FullSHA(sha) {
		return false, unreadable(what, fmt.Errorf("there is no such branch, or the commit id is not full"))
	}
	u, err := g.repo(fullName, url.Values{"per_page": {"1"}}, "compare", tip.SHA+"..."+sha)
	if err != nil {
		return false, err
	}
	var c struct {
		Status string `json:"status"`
		Base   struct {
			SHA string `json:"sha"`
		} `json:"base_commit"`
		MergeBase struct {
			SHA string `json:"sha"`
		} `json:"merge_base_commit"`
	}
	if _, err := g.get(ctx, what, u, &c); err != nil {
		return false, err
	}
	switch on := c.Status == "identical" || c.Status == "behind"; {
	case c.Base.SHA != tip.SHA || on && c.MergeBase.SHA != sha:
		return false, unreadable(what, fmt.Errorf("the answer is about other commits"))
	case on || c.Status == "ahead" || c.Status == "diverged":
		return on, nil
	}
	return false, unreadable(what, fmt.Errorf("status is %.40q", c.Status))
}

// Release implements [plan.Source]. It reads the whole list, because the lookup by tag never
// shows a draft.
func (g *GitHub) Release(ctx context.Context, fullName, tag string) (plan.Release, error) {
	u, err := g.repo(fullName, url.Values{"per_page": {strconv.Itoa(perPage)}}, "releases")
	if err != nil {
		return plan.Release{}, err
	}
	type item struct {
		ID      int64  `json:"id"`
		TagName string `json:"tag_name"`
		Draft   bool   `json:"draft"`
	}
	out := plan.Release{Presence: plan.Absent}
	err = each(ctx, g, "releases of "+fullName, u, func(i item) bool {
		if i.TagName == tag {
			out = plan.Release{Presence: plan.Present, ID: i.ID, Draft: i.Draft}
		}
		return out.Presence == plan.Present
	})
	if err != nil {
		return plan.Release{}, err
	}
	return out, nil
}

// Pull implements [plan.Source].
func (g *GitHub) Pull(ctx context.Context, fullName, head, base string) (plan.Pull, error) {
	owner, _, _ := strings.Cut(fullName, "/")
	// Without the owner GitHub ignores the filter; what comes back is filtered again anyway.
	u, err := g.repo(fullName, url.Values{
		"state": {"open"}, "head": {owner + ":" + head}, "base": {base}, "per_page": {strconv.Itoa(perPage)},
	}, "pulls")
	if err != nil {
		return plan.Pull{}, err
	}
	type item struct {
		Number int    `json:"number"`
		State  string `json:"state"`
		Head   struct {
			Ref string `json:"ref"`
		} `json:"head"`
		Base struct {
			Ref string `json:"ref"`
		} `json:"base"`
	}
	out := plan.Pull{Presence: plan.Absent}
	err = each(ctx, g, "pull requests of "+fullName, u, func(i item) bool {
		if i.Head.Ref == head && i.Base.Ref == base && i.State == "open" {
			out = plan.Pull{Presence: plan.Present, Number: i.Number}
		}
		return out.Presence == plan.Present
	})
	if err != nil {
		return plan.Pull{}, err
	}
	return out, nil
}

// Tree implements [plan.Source]. It reads one folder at a time; a list that GitHub cuts off is none.
func (g *GitHub) Tree(ctx context.Context, fullName, id string) (plan.Tree, error) {
	what := "tree " + id
	if !marketops.FullSHA(id) {
		return nil, unreadable(what, fmt.Errorf("not a full object id"))
	}
	u, err := g.repo(fullName, nil, "git/trees", id)
	if err != nil {
		return nil, err
	}
	var t struct {
		Truncated bool `json:"truncated"`
		Tree      []struct {
			Path string `json:"path"`
			Mode string `json:"mode"`
			SHA  string `json:"sha"`
			Size int64  `json:"size"`
		} `json:"tree"`
	}
	if _, err := g.get(ctx, what, u, &t); err != nil {
		return nil, err
	}
	if t.Truncated {
		return nil, unreadable(what, fmt.Errorf("the folder has more entries than GitHub lists"))
	}
	var out plan.Tree
	var entries gitobject.Tree
	for _, e := range t.Tree {
		mode := strings.TrimLeft(e.Mode, "0")
		out = append(out, plan.TreeEntry{Name: e.Path, Mode: mode, ID: e.SHA, Size: e.Size})
		entries = append(entries, gitobject.Entry{Name: e.Path, Mode: mode, ID: e.SHA})
	}
	if got, err := gitobject.LengthOf(id).Tree(entries); err != nil || got != id {
		return nil, unreadable(what, errors.Join(err, fmt.Errorf("the answer is another tree, or has names that are not UTF-8")))
	}
	return out, nil
}

// Blob implements [plan.Source].
func (g *GitHub) Blob(ctx context.Context, fullName, id string) ([]byte, error) {
	what := "blob " + id
	if !marketops.FullSHA(id) {
		return nil, unreadable(what, fmt.Errorf("not a full object id"))
	}
	u, err := g.repo(fullName, nil, "git/blobs", id)
	if err != nil {
		return nil, err
	}
	var b struct {
		Content  string `json:"content"`
		Encoding string `json:"encoding"`
	}
	if _, err := g.get(ctx, what, u, &b); err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(b.Content, "\n", ""))
	if err != nil || b.Encoding != "base64" || gitobject.LengthOf(id).Blob(data) != id {
		return nil, unreadable(what, errors.Join(err, fmt.Errorf("the answer is not the file of this id")))
	}
	return data, nil
}

// repo builds an address below a repository.
func (g *GitHub) repo(fullName string, query url.Values, elements ...string) (*url.URL, error) {
	if strings.Count(fullName, "/") != 1 {
		return nil, marketops.Refuse(marketops.SourceUnreadable, fmt.Sprintf("%.200q is not owner/name", fullName))
	}
	return g.address(query, append([]string{"repos", fullName}, elements...)...)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// thing is something that this run made and that is there now.
type thing struct {
	what         string
	method, path string
	in           any
}

// remove lists exactly what it would remove, asks, and removes it. Only what has the name of this run is looked at.
func (w *walk) remove(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx) // Ctrl-C before the question is no reason to leave things behind
	things, err := w.made(ctx)
	if err != nil || len(things) == 0 {
		return err
	}
	w.person.say("This run made in %s:", w.hub.repository)
	for _, t := range things {
		w.person.say("  %s", t.what)
	}
	if err := w.person.wantYes("Remove exactly these?"); err != nil {
		return fmt.Errorf("%w; they are still there", err)
	}
	var errs []error
	for _, t := range things {
		_, err := w.hub.call(ctx, t.method, t.path, t.in, nil)
		if err == nil {
			w.person.say("removed: %s", t.what)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// made finds what GitHub shows of this run, in the order in which it can be removed.
func (w *walk) made(ctx context.Context) (out []thing, err error) {
	releases, err1 := w.releases(ctx)
	pulls, err2 := w.pulls(ctx)
	refs, err3 := w.refs(ctx)
	return append(append(releases, pulls...), refs...), errors.Join(err1, err2, err3)
}

// isOurs reports whether a tag or branch has the name of this run.
func (w *walk) isOurs(name string) bool {
	return name == w.name || name == w.name+"-branch" || name == w.name+"-tag" || name == w.name+"-probe"
}

func (w *walk) releases(ctx context.Context) (out []thing, err error) {
	var all []struct {
		ID    int64
		Tag   string `json:"tag_name"`
		Draft bool
	}
	_, err = w.hub.call(ctx, http.MethodGet, "/releases?per_page=100", nil, &all)
	for _, r := range all {
		kind := "release"
		if r.Draft {
			kind = "draft"
		}
		if w.isOurs(r.Tag) {
			out = append(out, thing{fmt.Sprintf("the %s %s, number %d", kind, r.Tag, r.ID), http.MethodDelete, fmt.Sprintf("/releases/%d", r.ID), nil})
		}
	}
	return out, err
}

func (w *walk) pulls(ctx context.Context) (out []thing, err error) {
	var all []struct {
		Number int
		Head   struct{ Ref string }
	}
	owner, _, _ := strings.Cut(w.hub.repository, "/")
	_, err = w.hub.call(ctx, http.MethodGet, "/pulls?state=open&head="+owner+":"+w.name+"-branch", nil, &all)
	for _, p := range all {
		if w.isOurs(p.Head.Ref) {
			out = append(out, thing{fmt.Sprintf("the pull request %d, which is closed and stays visible", p.Number), http.MethodPatch,
				fmt.Sprintf("/pulls/%d", p.Number), map[string]string{"state": "closed"}})
		}
	}
	return out, err
}

func (w *walk) refs(ctx context.Context) (out []thing, err error) {
	for _, space := range []string{"tags", "heads"} {
		var all []struct{ Ref string }
		_, failed := w.hub.call(ctx, http.MethodGet, "/git/matching-refs/"+space+"/"+w.name, nil, &all)
		err = errors.Join(err, failed)
		for _, r := range all {
			if name := strings.TrimPrefix(r.Ref, "refs/"+space+"/"); w.isOurs(name) {
				out = append(out, thing{r.Ref, http.MethodDelete, "/git/" + r.Ref, nil})
			}
		}
	}
	return out, err
}

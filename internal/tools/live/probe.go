package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
)

// probe asks what GitHub's documents leave open, with a draft of its own and by reading what was published.
func (w *walk) probe(ctx context.Context) error {
	var made struct {
		ID   int64
		Name string
		Body string
	}
	_, err := w.hub.call(ctx, http.MethodPost, "/releases", map[string]any{
		"tag_name": w.name + "-probe", "name": " padded ", "body": "ends with two lines\n\n", "draft": true}, &made)
	if err != nil {
		return err
	}
	w.note("a release named `\" padded \"`", fmt.Sprintf("%q", made.Name))
	w.note("a text that ends with two line feeds", fmt.Sprintf("%q", made.Body))
	var file struct{ Name, State, Digest string }
	if err := w.hub.upload(ctx, made.ID, "two  words +1.txt", "a probe\n", &file); err != nil {
		return err
	}
	w.note("a file named `two  words +1.txt`", fmt.Sprintf("%q, state %s", file.Name, file.State))
	w.note("its digest in the answer to the upload", file.Digest)
	w.whoSees(ctx, made.ID)
	return w.readPublished(ctx)
}

// whoSees notes who is shown the draft.
func (w *walk) whoSees(ctx context.Context, id int64) {
	for _, reader := range []struct{ name, token string }{{"the write token", w.hub.token}, {"the read token", os.Getenv("MARKETOPS_READ_TOKEN")}, {"strangers", ""}} {
		if reader.token == "" && reader.name != "strangers" {
			continue
		}
		shown := "shown"
		if _, err := w.hub.callAs(ctx, reader.token, http.MethodGet, fmt.Sprintf("/releases/%d", id), nil, nil); err != nil {
			shown = "not shown"
		}
		w.note("the draft, to "+reader.name, shown)
	}
}

// readPublished notes how GitHub shows what was published.
func (w *walk) readPublished(ctx context.Context) error {
	var release struct {
		Immutable bool
		Assets    []struct{ Name, Digest string }
	}
	answer, err := w.hub.call(ctx, http.MethodGet, "/releases/tags/"+w.name, nil, &release)
	if err != nil {
		return err
	}
	for _, a := range release.Assets {
		w.note("digest of `"+a.Name+"`", a.Digest)
	}
	w.note("immutable", fmt.Sprint(release.Immutable))
	w.note("X-Accepted-GitHub-Permissions of a read", answer.headerOf("X-Accepted-GitHub-Permissions"))
	var ref struct {
		Object struct{ SHA, Type string }
	}
	if _, err := w.hub.call(ctx, http.MethodGet, "/git/ref/tags/"+w.name+"-tag", nil, &ref); err != nil {
		return err
	}
	var tag struct{ Message string }
	if _, err := w.hub.call(ctx, http.MethodGet, "/git/tags/"+ref.Object.SHA, nil, &tag); err != nil {
		return err
	}
	w.note("the message of the tag ends with a line feed", fmt.Sprint(strings.HasSuffix(tag.Message, "\n")))
	return nil
}

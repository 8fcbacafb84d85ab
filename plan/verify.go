package plan

import (
	"context"
	"fmt"

	"github.com/omega/marketops"
)

// The identity of a tag or commit where marketops.yaml names nobody: it must not be a person.
const (
	neutralName  = "marketops"
	neutralEmail = "marketops@marketops.invalid"
	targetType   = "github"
)

// verify reads every text and file and completes the operation documents. What takes over a tag comes after what makes it.
func (e *engine) verify(ctx context.Context) (string, error) {
	for _, takesOver := range []bool{false, true} {
		for _, c := range e.candidates {
			if c.known() && !c.silent && (c.maker != nil) == takesOver {
				e.verifyOne(ctx, c)
			}
		}
	}
	return e.tally(), ctx.Err()
}

func (e *engine) verifyOne(ctx context.Context, c *candidate) {
	switch {
	case c.op.Tag != nil:
		e.verifyTag(ctx, c)
	case c.op.PullRequest != nil:
		e.verifyPull(ctx, c)
	}
	if c.isPlanned() {
		c.reject(complete(c.op))
	}
}

// complete refuses a document that nobody could read back.
func complete(op marketops.Operation) error {
	doc, err := op.Document()
	if err == nil && len(doc) > marketops.MaxOperation {
		return deny(marketops.NameUnsafe, fmt.Sprintf("the operation document has %d bytes, at most %d", len(doc), marketops.MaxOperation), "shorten the texts")
	}
	return err
}

func (e *engine) verifyTag(ctx context.Context, c *candidate) {
	switch {
	case c.maker != nil:
		c.reject(verifyMade(c))
	case !c.pub.Existing:
		verifyNewTag(c)
	}
	if c.pub.Kind == marketops.PublishRelease {
		e.verifyRelease(ctx, c)
	}
}

// verifyNewTag completes a tag that the operation makes. The tag's message is the release's name unless it has its own.
func verifyNewTag(c *candidate) {
	t := c.op.Tag
	t.Message, t.Tagger = trimOnce(c.pub.Message), c.person()
	if c.pub.Kind == marketops.PublishRelease && t.Message == "" {
		t.Message = c.releaseName()
	}
	if c.pub.Message != "" {
		c.reject(marketops.ValidateText("tag message", t.Message, marketops.MaxMessage))
	}
	if c.commit.SHA != "" {
		c.reject(taggerGrammar(t.Tagger))
	}
}

// releaseName is the name that is bound: GitHub shows a release without one under its tag's.
func (c *candidate) releaseName() string {
	if c.pub.Name == "" {
		return c.pub.Tag
	}
	return c.pub.Name
}

// verifyRelease completes the release.
func (e *engine) verifyRelease(ctx context.Context, c *candidate) {
	r := &marketops.Release{Name: c.releaseName(), Prerelease: c.pub.Prerelease, MakeLatest: c.pub.MakeLatest, Assets: []marketops.Asset{}}
	c.op.Release = r
	c.reject(marketops.ValidateLine("release name", r.Name))
	if c.pub.Notes != "" {
		body, err := readText(e.root, "notes", c.pub.Notes, marketops.MaxRelease)
		r.Body = body
		c.reject(err)
	}
	if len(c.pub.Assets) > 0 {
		r.Assets, c.files = assets(ctx, e.root, c.pub.Assets, c)
	}
}

// person is the identity in the git object, dated like the commit unless a date is given: a
// date of today would make every plan another one.
func (c *candidate) person() marketops.Person {
	p := marketops.Person{Name: neutralName, Email: neutralEmail, Date: c.commit.Date}
	if t := c.pub.Tagger; t != nil {
		p.Name, p.Email = t.Name, t.Email
		if t.Date > 0 {
			p.Date = t.Date
		}
	}
	return p
}

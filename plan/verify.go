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

// verify reads every text and file and completes the operation documents.
func (e *engine) verify(ctx context.Context) (string, error) {
	for _, c := range e.candidates {
		if !c.known() || c.silent {
			continue
		}
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
	return e.tally(), ctx.Err()
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
	t := c.op.Tag
	t.Message, t.Tagger = trimOnce(c.pub.Message), c.person()
	if c.pub.Kind == marketops.PublishRelease {
		e.verifyRelease(ctx, c)
	}
	if c.pub.Message != "" {
		c.reject(marketops.ValidateText("tag message", t.Message, marketops.MaxMessage))
	}
	if c.commit.SHA != "" {
		c.reject(taggerGrammar(t.Tagger))
	}
}

// verifyRelease completes the release. A release without a name is shown under its tag's, so
// that is what is bound; the tag's message is the release's name unless it has its own.
func (e *engine) verifyRelease(ctx context.Context, c *candidate) {
	r := &marketops.Release{Name: c.pub.Name, Prerelease: c.pub.Prerelease, MakeLatest: c.pub.MakeLatest, Assets: []marketops.Asset{}}
	c.op.Release = r
	if r.Name == "" {
		r.Name = c.pub.Tag
	}
	if c.op.Tag.Message == "" {
		c.op.Tag.Message = r.Name
	}
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

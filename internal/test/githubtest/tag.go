package githubtest

import (
	"strings"
)

// tag is a parsed tag object.
type tag struct {
	sha, object, kind, name, message string
	tagger                           Person
}

// format is the object's bytes: exactly the message given, whether it ends in a newline or not.
func (t tag) format() []byte {
	return []byte("object " + t.object + "\ntype " + t.kind + "\ntag " + t.name +
		"\ntagger " + t.tagger.line() + "\n\n" + t.message)
}

func parseTag(sha string, data []byte) tag {
	head, message, _ := strings.Cut(string(data), "\n\n")
	t := tag{sha: sha, message: message}
	for line := range strings.SplitSeq(head, "\n") {
		name, value, _ := strings.Cut(line, " ")
		switch name {
		case "object":
			t.object = value
		case "type":
			t.kind = value
		case "tag":
			t.name = value
		case "tagger":
			t.tagger = parsePerson(value)
		}
	}
	return t
}

func (c *call) tagJSON(t tag) object {
	return object{
		"sha": t.sha, "node_id": nodeID("Tag", c.repo.spec.ID, t.sha), "url": c.objectURL("tag", t.sha),
		"tag": t.name, "message": t.message, "tagger": t.tagger.json(), "verification": unsigned(),
		"object": object{"sha": t.object, "type": t.kind, "url": c.objectURL(t.kind, t.object)},
	}
}

func getTag(c *call) answer {
	kind, data, err := c.repo.git.object(c.params["tag_sha"])
	if err != nil || kind != "tag" {
		return c.notFound()
	}
	return ok(c.tagJSON(parseTag(c.params["tag_sha"], data)))
}

func createTag(c *call) answer {
	var in struct {
		Tag, Message, Object, Type string
		Tagger                     *Person
	}
	c.decode(&in)
	git := c.repo.git
	kind, _, err := git.object(in.Object)
	if err != nil || kind != in.Type {
		return c.unprocessable(wordsNoObject)
	}
	if !git.wellFormed("refs/tags/" + in.Tag) {
		return c.invalid(problem{Resource: "Tag", Code: "invalid", Field: "tag"})
	}
	t := tag{object: in.Object, kind: in.Type, name: in.Tag, message: in.Message, tagger: c.person(in.Tagger)}
	if t.sha, err = git.write("tag", t.format()); err != nil {
		return c.invalid(problem{Resource: "Tag", Code: "invalid", Field: "message"})
	}
	return created(c.tagJSON(t), c.effect(TagObjectMade, in.Tag, t.sha, 0, false))
}

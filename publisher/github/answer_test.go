package github

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops"
)

// FuzzAnswers: whatever GitHub answers for a tag object, only the planned one is equal.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`{"sha":"x","tag":"v1","message":"m","object":{"sha":"y","type":"commit"},"tagger":{"name":"n","date":"2026-01-01T00:00:00Z"}}`))
	f.Add([]byte(`[]`))
	op := marketops.NewOperation(marketops.PublishRelease, marketops.Target{Type: "github", Host: "h", RepositoryID: 1, FullName: "o/r"})
	sha := strings.Repeat("a", 40)
	op.Tag = &marketops.Tag{Name: "v1", Commit: sha, Tree: sha, Message: "m", Tagger: marketops.Person{Name: "n", Email: "a@b", Date: 1}}
	op.Release = &marketops.Release{MakeLatest: "true", Assets: []marketops.Asset{}}
	r := &reader{op: op, text: render(op)}
	f.Fuzz(func(t *testing.T, body []byte) {
		var tag tagObject
		if json.Unmarshal(body, &tag) == nil && (tags{r}).findDifference(&tag) == "" && !strings.Contains(tag.Message, r.text.message[:len(r.text.message)-1]) {
			t.Errorf("accepted %s", body)
		}
		var rel release
		if json.Unmarshal(body, &rel) == nil && newReleases(r).isOurs(&rel) && rel.Body != r.text.body {
			t.Errorf("accepted %s", body)
		}
	})
}

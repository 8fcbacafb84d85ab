package githubtest_test

import (
	"strings"
	"testing"
)

func TestRequestsAgainstTheDescription(t *testing.T) {
	for name, c := range map[string]struct {
		method, path string
		body         any
		status       int
		reason       string
	}{
		"a missing member":      {"POST", "/git/refs", map[string]any{"ref": "refs/tags/v1"}, 422, `property "sha" is missing`},
		"a wrong type":          {"POST", "/git/refs", map[string]any{"ref": 1, "sha": "x"}, 422, "/ref: value must be of type string"},
		"a value out of a list": {"POST", "/releases", map[string]any{"tag_name": "v1", "make_latest": "maybe"}, 422, "not one of the allowed values"},
		"a boolean latest":      {"POST", "/releases", map[string]any{"tag_name": "v1", "make_latest": true}, 422, "/make_latest"},
		"a date that is none":   {"POST", "/git/tags", tagWithDate("yesterday"), 422, "date-time"},
		"no body":               {"POST", "/pulls", nil, 422, "value is required"},
		"broken JSON":           {"POST", "/pulls", `{"title":`, 400, "failed to decode"},
		"an id that is no int":  {"GET", "/releases/seven", nil, 422, "release_id"},
		"a state out of a list": {"GET", "/pulls?state=merged", nil, 422, "state"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			got := s.ask(pushSecret, c.method, repoPath+c.path, c.body)
			violations := s.srv.SchemaViolations()
			if got.status != c.status || len(violations) != 1 {
				t.Fatalf("%d %s, violations %v", got.status, got.raw, violations)
			}
			v := violations[0]
			if v.Side != "request" || v.Seq != 1 || !strings.Contains(v.Reason, c.reason) {
				t.Errorf("violation %v, want %s", v, c.reason)
			}
			if len(s.srv.Effects()) != 0 {
				t.Error("a request that breaks the description had an effect")
			}
		})
	}
}

func tagWithDate(date string) map[string]any {
	return map[string]any{
		"tag": "v1", "message": "m", "object": strings.Repeat("1", 40), "type": "commit",
		"tagger": map[string]any{"name": "n", "email": "e@example.com", "date": date},
	}
}

// TestNothingStricterThanTheDescription: members GitHub does not know are its business.
func TestNothingStricterThanTheDescription(t *testing.T) {
	s := newStage(t)
	got := s.ask(pushSecret, "POST", repoPath+"/releases", map[string]any{"tag_name": "v1", "draft": true, "unheard_of": 1})
	if got.status != 201 {
		t.Errorf("%d %s", got.status, got.raw)
	}
	s.lawful()
}

func TestUnknownOperation(t *testing.T) {
	s := newStage(t)
	for _, r := range [][2]string{{"GET", "/nothing"}, {"DELETE", repoPath + "/git/refs"}, {"GET", repoPath + "/git/refs"}} {
		if got := s.ask(pushSecret, r[0], r[1], nil); got.status != 404 || got.json["message"] != "Not Found" {
			t.Errorf("%v: %d %s", r, got.status, got.raw)
		}
	}
	if got := s.srv.SchemaViolations(); len(got) != 3 || !strings.Contains(got[0].Reason, "no operation GET /nothing") {
		t.Errorf("violations %v", got)
	}
}

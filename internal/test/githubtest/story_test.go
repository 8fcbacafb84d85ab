package githubtest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"
)

// TestRelease is the whole life of a release as go-github v60 lives it.
func TestRelease(t *testing.T) {
	s := newStage(t)
	ctx, gh := context.Background(), s.client(pushSecret)

	tagger := &github.CommitAuthor{
		Name: github.String("Release Bot"), Email: github.String("release@example.com"),
		Date: &github.Timestamp{Time: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)},
	}
	made, _, err := gh.Git.CreateTag(ctx, "octo-org", "widgets", &github.Tag{
		Tag: github.String("v1.4.0"), Message: github.String("widgets 1.4.0\n"), Tagger: tagger,
		Object: &github.GitObject{SHA: &s.tip, Type: github.String("commit")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.GetObject().GetSHA() != s.tip || made.GetMessage() != "widgets 1.4.0\n" {
		t.Fatalf("tag object %v", made)
	}
	if _, _, err = gh.Git.CreateRef(ctx, "octo-org", "widgets", &github.Reference{
		Ref: github.String("refs/tags/v1.4.0"), Object: &github.GitObject{SHA: made.SHA},
	}); err != nil {
		t.Fatal(err)
	}
	if got := s.repo.Ref("refs/tags/v1.4.0"); got != made.GetSHA() {
		t.Fatalf("the ref is at %s, not at the tag object %s", got, made.GetSHA())
	}

	draft, _, err := gh.Repositories.CreateRelease(ctx, "octo-org", "widgets", &github.RepositoryRelease{
		TagName: github.String("v1.4.0"), TargetCommitish: &s.tip, Name: github.String("Widgets 1.4.0"),
		Body: github.String("notes"), Draft: github.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !draft.GetDraft() || !strings.Contains(draft.GetHTMLURL(), "/untagged-") {
		t.Errorf("draft %v at %s", draft.GetDraft(), draft.GetHTMLURL())
	}
	data := "the bytes of a widget"
	s.upload(draft.GetID(), "widget.tar.gz", data)

	if _, _, err := gh.Repositories.GetReleaseByTag(ctx, "octo-org", "widgets", "v1.4.0"); statusOf(err) != 404 {
		t.Errorf("a draft was found by its tag: %v", err)
	}
	if _, _, err := gh.Repositories.GetLatestRelease(ctx, "octo-org", "widgets"); statusOf(err) != 404 {
		t.Errorf("a draft was the latest release: %v", err)
	}
	done, _, err := gh.Repositories.EditRelease(ctx, "octo-org", "widgets", draft.GetID(), &github.RepositoryRelease{
		Draft: github.Bool(false), MakeLatest: github.String("true"),
	})
	if err != nil {
		t.Fatal(err)
	}
	latest, _, err := gh.Repositories.GetLatestRelease(ctx, "octo-org", "widgets")
	if err != nil || latest.GetID() != done.GetID() || len(latest.Assets) != 1 {
		t.Fatalf("latest is %v, %v", latest, err)
	}
	asset := latest.Assets[0]
	body, _, err := gh.Repositories.DownloadReleaseAsset(ctx, "octo-org", "widgets", asset.GetID(), &http.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(body); string(got) != data {
		t.Errorf("downloaded %q", got)
	}
	var kinds []string
	for _, e := range s.srv.Effects() {
		kinds = append(kinds, string(e.Kind))
	}
	want := "tag-object-made ref-created draft-created asset-uploaded release-published"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("effects %s, want %s", got, want)
	}
	s.lawful()
}

func (s *stage) upload(release int64, name, data string) reply {
	s.Helper()
	return s.ask(pushSecret, "POST", s.assetURL(release, name), []byte(data))
}

func (s *stage) assetURL(release int64, name string) string {
	return s.srv.Uploads() + "repos/octo-org/widgets/releases/" + itoa(release) + "/assets?name=" + name
}

func sha256hex(data string) string {
	sum := sha256.Sum256([]byte(data))
	return hex.EncodeToString(sum[:])
}

package plan

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/receipt"
)

var update = flag.Bool("update", false, "write the golden files")

func pullRequest() Publication {
	return Publication{
		Kind: marketops.OpenPR, Repository: "octo-org/widgets", Base: "main", Head: "bump/1.4.0", Title: "Prepare 1.4.0",
		Body: "notes.md", Changes: []FileChange{{Path: "CHANGELOG.md", File: "./notes.md", Mode: "100644"}},
	}
}

func TestDryRunGolden(t *testing.T) {
	f := newFixture(t)
	taken := *f.tag()
	taken.Tag = "v0.3.0"
	f.source.tags["octo-org/gadgets v0.3.0"] = tip
	f.publications = append(f.publications, pullRequest(), taken)
	r := f.planned()
	golden := filepath.Join("testdata", "plan.golden.json")
	if *update {
		if err := os.WriteFile(golden, r.PlanBytes, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.PlanBytes, want) {
		t.Errorf("plan.json is\n%s\nwant\n%s", r.PlanBytes, want)
	}
	if r.PlanDigest != marketops.DigestOf(want) {
		t.Errorf("the digest is %v", r.PlanDigest)
	}
	if _, err := r.Plan.Open(r.Documents); err != nil {
		t.Error(err)
	}
}

func TestDryRunDocuments(t *testing.T) {
	f := newFixture(t)
	f.publications = append(f.publications, pullRequest())
	r := f.planned()
	release, tag, pull := r.Operations[0], r.Operations[1], r.Operations[2]
	neutral := marketops.Person{Name: "marketops", Email: "marketops@marketops.invalid", Date: marketops.TimeOf(base)}
	if release.Tag.Message != "Widgets 1.4.0" || release.Tag.Tagger != neutral || release.Tag.Commit != tip {
		t.Errorf("the release's tag is %+v", release.Tag)
	}
	if release.Release.Body != "## Changes\n\n- more widgets" {
		t.Errorf("the body is %q", release.Release.Body)
	}
	var names []string
	for _, a := range release.Release.Assets {
		names = append(names, a.Name+" "+a.ContentType)
	}
	if want := []string{"SHA256SUMS application/octet-stream", "widget_darwin.tar.gz application/gzip", "widget_linux.tar.gz application/gzip"}; !slices.Equal(names, want) {
		t.Errorf("the assets are %q", names)
	}
	if a := release.Release.Assets[2]; a.Size != 11 || a.SHA256 != marketops.DigestOf([]byte("linux bytes")) {
		t.Errorf("the asset is %+v", a)
	}
	if tag.Tag.Message != "gadgets 0.3.1" || tag.Tag.Tagger.Name != "Release Bot" || tag.Tag.Tagger.Date != marketops.TimeOf(base) || tag.Tag.Commit != older {
		t.Errorf("the tag is %+v", tag.Tag)
	}
	if p := pull.PullRequest; p.Base.SHA != tip || p.Head.SHA != "" || p.Changes.Message != p.Title || p.Changes.Author != neutral || p.Changes.Changes[0].Size != 27 {
		t.Errorf("the pull request is %+v with %+v", p, p.Changes)
	}
}

// The plan is a function of its inputs: clock, chance, folder and the order in which a folder
// lists its files are none of them.
func TestDryRunIsDeterministic(t *testing.T) {
	f := newFixture(t)
	first := f.planned()
	second := f.planned()
	slices.Reverse(f.release().Assets)
	f.release().Assets = append(f.release().Assets, patterns("./dist/*linux*", "dist/widget_darwin.tar.gz")...)
	third := f.planned()
	other := newFixture(t)
	fourth := other.planned()
	for i, r := range []*Run{second, third, fourth} {
		if !bytes.Equal(r.PlanBytes, first.PlanBytes) {
			t.Errorf("plan %d differs:\n%s\n%s", i+2, r.PlanBytes, first.PlanBytes)
		}
	}
	if first.Info.RunID == second.Info.RunID || first.Info == second.Info {
		t.Error("two runs have one run.json")
	}
	f.write("dist/widget_linux.tar.gz", "other bytes")
	if changed := f.planned(); bytes.Equal(changed.PlanBytes, first.PlanBytes) {
		t.Error("another file gives the same plan")
	}
}

func TestDryRunRecordsStages(t *testing.T) {
	f := newFixture(t)
	r := f.planned()
	entries, err := r.Entries()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	blocked := map[marketops.Digest]bool{}
	for _, e := range entries {
		switch e.Kind {
		case "stage":
			var s StageEntry
			if err := json.Unmarshal(e.Value, &s); err != nil || s.Mode != marketops.DryRun {
				t.Fatal(s, err)
			}
			got = append(got, string(s.Stage)+" "+s.State)
		case "blocked":
			var b BlockedEntry
			if err := json.Unmarshal(e.Value, &b); err != nil || !b.BlockedByMode || len(b.Calls) != 1 {
				t.Fatal(b, err)
			}
			blocked[e.Operation] = true
		}
	}
	want := []string{
		"discover begun", "discover done", "select begun", "select done", "verify begun", "verify done", "evaluate begun",
		"evaluate done", "plan begun", "plan done", "execute begun", "execute blocked", "seal begun", "seal done",
	}
	if !slices.Equal(got, want) {
		t.Errorf("stages are %q", got)
	}
	for _, o := range r.Plan.Operations {
		if !blocked[o.Operation] || !o.BlockedByMode {
			t.Errorf("operation %d is not recorded as blocked", o.Number)
		}
	}
}

func TestDryRunAdvisories(t *testing.T) {
	f := newFixture(t)
	r := f.planned()
	ring, err := crypto.NewKeyring(f.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	for i, op := range r.Plan.Operations {
		env, err := r.Get("advisory/"+string(rune('1'+i))+".json", crypto.MaxEnvelope)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := receipt.Open(env, ring)
		if err != nil {
			t.Fatal(err)
		}
		a, ok := rec.Body.(*receipt.Advisory)
		if !ok || a.Enforceable || a.Decision != "blocked_by_mode" || a.Mode != marketops.DryRun || len(a.Codes) != 0 {
			t.Fatalf("the record is %+v", rec.Body)
		}
		if a.Operation != op.Operation || a.Plan != r.PlanDigest || a.RunID != r.Info.RunID || !a.ReceiptID.Valid() {
			t.Errorf("the advisory is about something else: %+v", a)
		}
		text, err := r.Get("evidence/"+a.WhyNot.Hex(), 1000)
		if err != nil || a.Salted(text) != a.WhyNot {
			t.Errorf("the evidence is %q, %v", text, err)
		}
	}
}

// Every code, each by one change to a folder that TestDryRunGolden shows can be planned.
func TestRejections(t *testing.T) {
	link := func(f *fixture, to, name string) {
		if err := os.Symlink(to, filepath.Join(f.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	token := "ghp_" + strings.Repeat("Z", 36)
	for _, c := range []struct {
		name   string
		change func(*fixture)
		want   string // "number code" of all rejections
		text   string // in the first reason
	}{
		{"control", func(*fixture) {}, "", ""},
		{"unknown repository", func(f *fixture) { f.tag().Repository = "octo-org/none" }, "2 source-unreadable", "no answer"},
		{"renamed repository", func(f *fixture) {
			f.source.repos["octo-org/gadgets"] = Repository{ID: 8, FullName: "Octo-Org/gadgets", DefaultBranch: "main"}
		}, "2 rule-denied", "another name"},
		{"repository without id", func(f *fixture) {
			f.source.repos["octo-org/gadgets"] = Repository{FullName: "octo-org/gadgets", DefaultBranch: "main"}
		}, "2 source-unreadable", "no repository id"},
		{"archived", func(f *fixture) {
			f.source.repos["octo-org/gadgets"] = Repository{ID: 8, FullName: "octo-org/gadgets", DefaultBranch: "main", Archived: true}
		}, "2 rule-denied", "archived"},
		{"lookups fail", func(f *fixture) {
			f.publications = f.publications[1:]
			f.source.fail = errors.New("network down")
		}, "1 source-unreadable,1 source-unreadable", "network down"},
		{"lookups prove nothing", func(f *fixture) {
			f.publications = f.publications[1:]
			f.source.mute = true
		}, "1 source-unreadable", "proved nothing"},
		{"no such branch", func(f *fixture) { f.tag().Target = "gone" }, "2 source-unreadable", "no branch"},
		{"commit of a fork", func(f *fixture) { f.tag().Target = forked }, "2 ref-moved", "does not lie on branch \"main\""},
		{"commit on another branch only", func(f *fixture) { f.release().Branch = "release/1" }, "1 ref-moved", "release/1"},
		{"short commit", func(f *fixture) { f.tag().Target = "aaaaaaa" }, "2 source-unreadable", "no branch"},
		{"tag exists", func(f *fixture) { f.source.tags["octo-org/gadgets v0.3.1"] = older }, "2 version-exists", "tag"},
		{"published release exists", func(f *fixture) {
			f.source.releases["octo-org/widgets v1.4.0"] = Release{Present, 3, false}
		}, "1 version-exists", "a release"},
		{"draft exists", func(f *fixture) {
			f.source.releases["octo-org/widgets v1.4.0"] = Release{Present, 3, true}
		}, "1 version-exists", "draft"},
		{"branch called like the tag", func(f *fixture) { f.source.branches["octo-org/gadgets v0.3.1"] = tip }, "2 rule-denied", "branch is called"},
		{"tag above or below another", func(f *fixture) {
			f.source.beside = map[string]string{"octo-org/gadgets v0.3.1": "refs/tags/v0.3.1/x"}
		}, "2 rule-denied", "refs/tags/v0.3.1/x is on GitHub, and git has no room for refs/tags/v0.3.1 beside it"},
		{"branch above or below another", func(f *fixture) {
			f.publications[1] = pullRequest()
			f.source.beside = map[string]string{"octo-org/widgets bump/1.4.0": "refs/heads/bump"}
		}, "2 rule-denied", "refs/heads/bump is on GitHub, and git has no room for refs/heads/bump/1.4.0 beside it"},
		{"two tags of one repository above each other", func(f *fixture) {
			twin := *f.tag()
			twin.Tag = "v0.3.1/x"
			f.publications = append(f.publications, twin)
		}, "2 rule-denied,3 rule-denied", "publication 3 makes refs/tags/v0.3.1/x, and git has no room for refs/tags/v0.3.1"},
		{"a tag and a branch above each other", func(f *fixture) {
			f.publications[1] = pullRequest()
			f.tag().Head = "v1.4.0/x"
		}, "", ""},
		{"a tag and a branch of one name", func(f *fixture) {
			f.publications[1] = pullRequest()
			f.tag().Head = "v1.4.0"
		}, "1 rule-denied,2 rule-denied", "publication 2 makes refs/heads/v1.4.0, and git could mean either by \"v1.4.0\""},
		{"tag called like the branch of a change set", func(f *fixture) {
			f.publications[1] = pullRequest()
			f.source.tags["octo-org/widgets bump/1.4.0"] = tip
		}, "2 rule-denied", "a tag is called \"bump/1.4.0\" too"},
		{"tag HEAD", func(f *fixture) { f.tag().Tag = "HEAD" }, "2 name-unsafe", "every clone says"},
		{"tag outside the grammar", func(f *fixture) { f.tag().Tag = "v1..2" }, "2 name-unsafe", "v1..2"},
		{"branch outside the grammar", func(f *fixture) { f.tag().Branch = "a b" }, "2 name-unsafe", "a b"},
		{"two publications of one tag", func(f *fixture) {
			twin := *f.release()
			twin.Kind, twin.Message = marketops.TagRepo, "m"
			f.publications = append(f.publications, twin)
		}, "1 rule-denied,3 rule-denied", "publication 3 takes"},
		{"unknown kind", func(f *fixture) { f.tag().Kind = "delete_repo" }, "2 rule-denied", "not supported"},
		{"no file for a pattern", func(f *fixture) { f.release().Assets = patterns("dist/*.deb") }, "1 source-unreadable", "matches no file"},
		{"pattern outside", func(f *fixture) { f.release().Assets = patterns("../*") }, "1 asset-unsafe", "leaves the folder"},
		{"absolute pattern", func(f *fixture) { f.release().Assets = patterns("/etc/hosts") }, "1 asset-unsafe", "leaves the folder"},
		{"symbolic link", func(f *fixture) { link(f, "widget_linux.tar.gz", "dist/x.tar.gz") }, "1 asset-unsafe", "symbolic link"},
		{"symbolic link out", func(f *fixture) { link(f, "/etc/hosts", "dist/x.tar.gz") }, "1 asset-unsafe", "symbolic link"},
		{"folder behind a link", func(f *fixture) {
			link(f, "dist", "out")
			f.release().Assets = patterns("out/SHA256SUMS")
		}, "1 asset-unsafe", "symbolic link"},
		{"pattern behind a link", func(f *fixture) {
			link(f, "dist", "out")
			f.release().Assets = patterns("out/*.tar.gz")
		}, "1 asset-unsafe", "symbolic link"},
		{"folder as asset", func(f *fixture) { f.write("dist/d.tar.gz/x", "x") }, "1 asset-unsafe", "a folder"},
		{"empty asset", func(f *fixture) { f.write("dist/x.tar.gz", "") }, "1 asset-unsafe", "is empty"},
		{"asset too large", func(f *fixture) {
			f.write("dist/x.tar.gz", "")
			if err := os.Truncate(filepath.Join(f.dir, "dist/x.tar.gz"), marketops.MaxAssetSize+1); err != nil {
				t.Fatal(err)
			}
		}, "1 asset-unsafe", "at most"},
		{"too many assets", func(f *fixture) {
			for i := range marketops.MaxAssets {
				f.write(fmt.Sprintf("dist/%d.tar.gz", i), "x")
			}
		}, "1 asset-unsafe", "at most 1000"},
		{"document too long", func(f *fixture) {
			f.write("notes.md", strings.Repeat("\U0001f600", marketops.MaxRelease))
			f.release().Message = strings.Repeat("\U0001f600", marketops.MaxMessage) + "\n"
			f.release().Assets = f.release().Assets[1:]
			f.release().Name = strings.Repeat("n", marketops.MaxName)
			for i := range 999 {
				f.write(fmt.Sprintf("many/%d", i), "x")
			}
			f.release().Assets = patterns("many/*")
		}, "1 name-unsafe", "bytes, at most"},
		{"asset name", func(f *fixture) { f.write("dist/my file.tar.gz", "x") }, "1 asset-unsafe", "my file"},
		{"case twins", func(f *fixture) { f.write("dist/Widget_linux.tar.gz", "x") }, "1 asset-unsafe", "one name"},
		{"twins in two folders", func(f *fixture) {
			f.write("more/SHA256SUMS", "x")
			f.release().Assets = append(f.release().Assets, patterns("more/*")...)
		}, "1 asset-unsafe", "one name"},
		{"two bad files, two reasons", func(f *fixture) {
			f.write("dist/a.tar.gz", "")
			f.write("dist/b.tar.gz", "")
		}, "1 asset-unsafe,1 asset-unsafe", "is empty"},
		{"no notes", func(f *fixture) { f.release().Notes = "none.md" }, "1 source-unreadable", "none.md"},
		{"notes outside", func(f *fixture) { f.release().Notes = "../notes.md" }, "1 source-unreadable", "leaves its folder"},
		{"notes with CR", func(f *fixture) { f.write("notes.md", "a\r\nb\r\n") }, "1 name-unsafe", "CRLF line ends, first on line 1"},
		{"notes that are not UTF-8", func(f *fixture) { f.write("notes.md", "a\xff") }, "1 name-unsafe", "byte 0xff on line 1"},
		{"notes with two newlines at the end", func(f *fixture) { f.write("notes.md", "a\n\n") }, "1 name-unsafe", "empty line"},
		{"notes with a marker", func(f *fixture) { f.write("notes.md", "<!-- marketops op=x -->") }, "1 name-unsafe", "marker"},
		{"notes too long", func(f *fixture) { f.write("notes.md", strings.Repeat("x", marketops.MaxRelease+1)) }, "1 name-unsafe", "longer than 124905"},
		{"notes much too long", func(f *fixture) { f.write("notes.md", strings.Repeat("x", 1<<20)) }, "1 name-unsafe", "longer than 124905"},
		{"release name", func(f *fixture) { f.release().Name = "a\u202eb" }, "1 name-unsafe", "U+202E"},
		{"tagger", func(f *fixture) { f.tag().Tagger.Email = "no address" }, "2 name-unsafe", "e-mail"},
		{"message that is only a newline", func(f *fixture) { f.tag().Message = "\n" }, "2 name-unsafe", "message is empty"},
		{"message with trailing space", func(f *fixture) { f.tag().Message = "a \nb" }, "2 name-unsafe", "white space"},
		{"prerelease as latest", func(f *fixture) { f.release().Prerelease = true }, "1 rule-denied", "prerelease"},
		{"token in notes", func(f *fixture) { f.write("notes.md", "ok\nuse "+token) }, "1 secret-suspected", "line 2 looks like a GitHub token"},
		{"private key in notes", func(f *fixture) { f.write("notes.md", "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----") }, "1 secret-suspected", "private key"},
		{"AWS key in the name", func(f *fixture) { f.release().Name = "AKIAIOSFODNN7EXAMPLE" }, "1 secret-suspected", "AWS"},
		{"token in the message", func(f *fixture) { f.tag().Message = "github_pat_" + strings.Repeat("a", 30) }, "2 secret-suspected", "GitHub token"},
		{"token as a tag", func(f *fixture) { f.tag().Tag = token }, "2 secret-suspected", "GitHub token"},
		{"token as a repository", func(f *fixture) { f.tag().Repository = "octo-org/" + token }, "2 secret-suspected", "GitHub token"},
		{"several reasons", func(f *fixture) {
			f.source.tags["octo-org/widgets v1.4.0"] = tip
			f.write("notes.md", "a \n")
			f.write("dist/x.tar.gz", "")
		}, "1 version-exists,1 name-unsafe,1 asset-unsafe", "tag"},
		{"open pull request", func(f *fixture) {
			f.publications[1] = pullRequest()
			f.source.pulls["octo-org/widgets bump/1.4.0 main"] = Pull{Present, 4}
		}, "2 version-exists", "is open"},
		{"head of a change set exists", func(f *fixture) {
			f.publications[1] = pullRequest()
			f.source.branches["octo-org/widgets bump/1.4.0"] = tip
		}, "2 version-exists", "branch"},
		{"head that must exist", func(f *fixture) {
			f.publications[1] = pullRequest()
			f.tag().Changes = nil
		}, "2 source-unreadable", "no branch"},
		{"workflow", func(f *fixture) {
			f.publications[1] = pullRequest()
			f.tag().Changes[0].Path = ".github/workflows/x.yml"
		}, "2 rule-denied", "workflow"},
		{"change outside", func(f *fixture) {
			f.publications[1] = pullRequest()
			f.tag().Changes[0].Path = "../x"
		}, "2 name-unsafe", "../x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			c.change(f)
			r, err := f.run(f.options())
			if r == nil {
				t.Fatal(err)
			}
			if got := strings.Join(codes(r.Plan), ","); got != c.want {
				t.Fatalf("rejected are %q, want %q: %+v", got, c.want, r.Plan.Rejected)
			}
			rejected := map[int]bool{}
			for _, x := range r.Plan.Rejected {
				rejected[x.Number] = true
				if x.Reason == "" || x.Remedy == "" {
					t.Errorf("%+v lacks reason or remedy", x)
				}
			}
			if len(r.Operations) != len(f.publications)-len(rejected) {
				t.Errorf("%d operations of %d publications, %d rejected", len(r.Operations), len(f.publications), len(rejected))
			}
			if c.text != "" && !strings.Contains(r.Plan.Rejected[0].Reason, c.text) {
				t.Errorf("the reason is %q, want %q in it", r.Plan.Rejected[0].Reason, c.text)
			}
			for _, secret := range []string{"ZZZZ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa_", "AKIAI"} {
				if bytes.Contains(r.PlanBytes, []byte(secret)) {
					t.Errorf("the plan repeats the secret: %s", r.PlanBytes)
				}
			}
		})
	}
}

func TestNothingSelected(t *testing.T) {
	f := newFixture(t)
	f.publications = f.publications[1:]
	f.publications[0].Target = forked
	r, err := f.run(f.options())
	if !errors.Is(err, marketops.NothingSelected) || r == nil {
		t.Fatalf("got %v, %v", r, err)
	}
	again, err := Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := codes(again.Plan); !slices.Equal(got, []string{"1 ref-moved"}) || again.Plan.Rejected[0].Expected != "main" || again.Plan.Rejected[0].Got != forked {
		t.Errorf("rejected are %+v", again.Plan.Rejected)
	}
	f.publications = nil
	if _, err := f.run(f.options()); !errors.Is(err, marketops.NothingSelected) {
		t.Errorf("an empty list gave %v", err)
	}
}

func TestFindings(t *testing.T) {
	f := newFixture(t)
	second := *f.release()
	second.Tag = "v1.4.1"
	f.publications = append(f.publications, second)
	repo := f.source.repos["octo-org/widgets"]
	repo.Drafts = DraftsHidden
	f.source.repos["octo-org/widgets"] = repo
	if err := os.Link(filepath.Join(f.dir, "dist/SHA256SUMS"), filepath.Join(f.dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range f.planned().Plan.Findings {
		got = append(got, string(rune('0'+x.Number))+" "+x.Rule)
	}
	if want := []string{"1 drafts-not-visible", "1 hard-link", "3 drafts-not-visible", "3 hard-link", "3 two-latest"}; !slices.Equal(got, want) {
		t.Errorf("findings are %q", got)
	}
	if quiet := newFixture(t).planned(); len(quiet.Plan.Findings) != 0 {
		t.Errorf("the control has findings: %+v", quiet.Plan.Findings)
	}
}

// Nothing of what a dry run works with has a default.
func TestDryRunRefusesZeroOptions(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"dir":  func(o *Options) { o.Dir = "" },
		"host": func(o *Options) { o.Host = "" }, "other host": func(o *Options) { o.SourceHost = "ghe.example.com" },
		"source": func(o *Options) { o.Source = nil }, "preview": func(o *Options) { o.Preview = nil },
		"advisor": func(o *Options) { o.Advisor = nil }, "now": func(o *Options) { o.Now = nil },
		"random": func(o *Options) { o.Random = nil }, "run": func(o *Options) { o.Run = "r-1" }, "out": func(o *Options) { o.Out = "" },
	} {
		f := newFixture(t)
		o := f.options()
		change(&o)
		if r, err := f.run(o); !errors.Is(err, marketops.ConfigInvalid) || r != nil {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestDryRunLeavesOtherFoldersAlone(t *testing.T) {
	f := newFixture(t)
	o := f.options()
	o.Out = filepath.Join(f.dir, "dist")
	if _, err := f.run(o); !errors.Is(err, marketops.ConfigInvalid) {
		t.Errorf("a run was planned into a folder in use: %v", err)
	}
	list, err := os.ReadDir(o.Out)
	if err != nil || len(list) != 3 {
		t.Errorf("the folder holds %v, %v", list, err)
	}
}

func TestDryRunStopsWithItsContext(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if r, err := DryRun(ctx, f.options()); !errors.Is(err, context.Canceled) || r != nil {
		t.Errorf("got %v, %v", r, err)
	}
}

// TestHiddenText: the plan warns of each text that holds what is invisible.
func TestHiddenText(t *testing.T) {
	f := newFixture(t)
	f.release().Name = "Widgets\u200b 1.4.0"
	var got []string
	for _, x := range f.planned().Plan.Findings {
		got = append(got, fmt.Sprintf("%d %s %s %s", x.Number, x.Rule, x.Severity, x.Text))
	}
	if !slices.Contains(got, "1 hidden-text warning release name line 1 holds invisible characters: U+200B") {
		t.Errorf("%q", got)
	}
}

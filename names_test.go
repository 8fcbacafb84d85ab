package marketops

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestRefNames: names as people give them to tags and branches; each refusal says why, and what to write instead.
func TestRefNames(t *testing.T) {
	for _, name := range []string{"v1.2.3", "1.0.0-rc.1+build.5", "@acme/ui@1.2.3", "ui/v1.0.0", "release-2026.01", "dependabot/npm_and_yarn/@types/node-20.1.0", "feature/#123-fix",
		"_private", "v1=2", "a,b", "refs", "heads", "x/refs/tags/y", "v1.LOCK", "ahead", "x@", "x/@", "deadbeef", strings.Repeat("a", 41), strings.Repeat("f", 39), "headquarters", "head-1"} {
		for _, err := range []error{ValidateTagName(name), ValidateBranchName(name)} {
			if err != nil {
				t.Error(err)
			}
		}
	}
	for name, want := range map[string][2]string{
		"":                           {"is empty", "choose a version"},
		"HEAD":                       {"git's own name", "choose a version"}, // protocolbuffers/protobuf#16520, scipy-lectures/scientific-python-lectures#503
		"head":                       {"git's own name", "choose a version"}, // protocolbuffers/protobuf#16520: the tag was "head"
		"FETCH_HEAD":                 {"git's own", "choose a version"},
		"Orig_Head":                  {"git's own", "choose a version"},
		"@":                          {"short form of HEAD", "choose a version"},
		"refs/tags/v1":               {`begins with "refs/", which GitHub does not allow`, "write v1 instead of refs/tags/v1"}, // marvinpinto/action-automatic-releases#6
		"refs/heads/v1":              {"does not allow", "write v1 instead"},
		"tags/v1":                    {"reads it as refs/tags/", "write v1 instead"}, // hashicorp-education/learn-terraform-modules#4
		"heads/main":                 {"reads it as refs/heads/", "write main instead"},
		"remotes/origin/x":           {"reads it as refs/remotes/", "write origin/x instead"},
		strings.Repeat("aB", 20):     {"full object id (40 hex digits)", "choose a version"}, // astral-sh/uv#10779: GH002
		strings.Repeat("0", 64):      {"full object id (64 hex digits)", "choose a version"},
		"-v1":                        {"take it for an option", "write v1 instead"},
		"+v1":                        {"a force", "write v1 instead"},
		"#1":                         {"some shells", "write 1 instead"},
		"v1 beta":                    {`the character ' ' (U+0020) at byte 2, which git refuses`, "write v1-beta instead"},
		"v1~1":                       {"'~' (U+007E) at byte 2, which git refuses", "write v1-1 instead"},
		"v1:2":                       {"which git refuses", "write v1-2 instead"},
		"v1\x1b[31m":                 {"(U+001B) at byte 2, which git refuses", "write v1-31m instead"},
		"v1@{0}":                     {"which git refuses", "write v1@-0 instead"},
		"$(touch${IFS}x)":            {"shells act on", "write touch-IFS-x instead"},
		"a;b":                        {"shells act on", "write a-b instead"},
		"feat(ui)/x":                 {"shells act on", "write feat-ui/x instead"},
		"v1-ünstable":                {"outside ASCII", "write v1--nstable instead"},
		"v1\u202e":                   {"(U+202E) at byte 2: git and GitHub keep", "write v1 instead"},
		"v1..2":                      {"range of commits", "write v1.2 instead"},
		"v1//2":                      {"empty part", "write v1/2 instead"},
		"/v1":                        {"empty part", "write v1 instead"},
		"v1/":                        {"empty part", "write v1 instead"},
		"v1.":                        {`ends in "."`, "write v1 instead"},
		".v1":                        {"begin with a dot", "write v1 instead"},
		"a/.b":                       {"begin with a dot", "write a/b instead"},
		"v1.lock":                    {"lock files", "write v1 instead"},
		"a.lock/b":                   {"lock files", "write a/b instead"},
		strings.Repeat("v", 246):     {"has 246 bytes, at most 245", "choose a version"}, // desktop/desktop#819: GH005
		"v" + strings.Repeat("/", 3): {"empty part", "write v instead"},
	} {
		err := ValidateTagName(name)
		r, _ := err.(*Refusal)
		if r == nil || r.Code != NameUnsafe || !strings.Contains(r.What, want[0]) || !strings.Contains(r.Next, want[1]) || ValidateBranchName(name) == nil {
			t.Errorf("%q: %v; %+v", name, err, r)
		}
	}
}

// TestRefsOfGit holds the grammar of refs against git itself, over names that are made of what matters to it.
func TestRefsOfGit(t *testing.T) {
	parts := []string{"v1", "a", "b", ".", "..", "/", "//", "@", "@{", "{", "-", "+", "~", "^", ":", "?", "*", "[", "\\", " ", "\t", "\x7f", ".lock", "HEAD", "refs/", "tags/", "heads/",
		"#", "=", ",", "$", "'", "é", "_", "0123456789abcdef0123456789abcdef01234567"}
	r, good, strict := rand.New(rand.NewPCG(1, 2)), 0, 0
	for range 700 {
		name := ""
		for range 1 + r.IntN(4) {
			name += parts[r.IntN(len(parts))]
		}
		git := exec.Command("git", "check-ref-format", "refs/tags/"+name).Run() == nil && exec.Command("git", "check-ref-format", "--branch", name).Run() == nil
		err := ValidateBranchName(name)
		switch {
		case err == nil && !git:
			t.Errorf("%q passes, and git refuses it", name)
		case err == nil:
			good++
		case git && strings.Contains(err.Error(), "git refuses"):
			t.Errorf("%q: %v; git takes it", name, err)
		case git:
			strict++ // by a rule of GitHub or of ours, which says so
		}
	}
	if good < 30 || strict < 30 {
		t.Errorf("%d names pass, %d are refused that git takes", good, strict)
	}
}

// TestIdentitiesOfGit holds what is kept of a name against git itself.
func TestIdentitiesOfGit(t *testing.T) {
	parts := []string{"a", "Bot", " ", ".", ",", ":", ";", "<", ">", "\"", "\\", "'", "\n", "\t", "é", "Inc."}
	r, good := rand.New(rand.NewPCG(3, 4)), 0
	for range 300 {
		name := ""
		for range 1 + r.IntN(5) {
			name += parts[r.IntN(len(parts))]
		}
		c := exec.Command("git", "var", "GIT_COMMITTER_IDENT")
		c.Env = append(os.Environ(), "GIT_COMMITTER_NAME="+name, "GIT_COMMITTER_EMAIL=a@b")
		out, err := c.Output()
		kept, _, _ := strings.Cut(string(out), " <a@b>")
		if err != nil {
			kept = ""
		}
		if got := keptByGit(name); got != kept {
			t.Errorf("%q: %q is kept, by git %q", name, got, kept)
		}
		if ValidateIdentity("tagger", name, "a@b") == nil {
			good++
			if kept != name {
				t.Errorf("%q passes, and git makes %q of it", name, kept)
			}
		}
	}
	if good < 10 {
		t.Errorf("%d names pass", good)
	}
}

// TestIdentityMessages: a refusal says what would become of the name, and to write that.
func TestIdentityMessages(t *testing.T) {
	for _, c := range []struct{ name, email, what, next string }{
		{"Acme Inc.", "a@b", `git and GitHub would make "Acme Inc" of it`, `write "Acme Inc"`},
		{"Bot <x>", "a@b", `would make "Bot x" of it`, `write "Bot x"`},
		{"...", "a@b", "git would leave nothing of it", ""},
		{"Bot", "<a@b>", `tagger e-mail "<a@b>": git and GitHub would make "a@b" of it`, `write "a@b"`},
		{"Bot", "a", "is not an address like", ""},
		{"B\u200bot", "a@b", "invisible character U+200B at byte 1", ""},
	} {
		r, _ := ValidateIdentity("tagger", c.name, c.email).(*Refusal)
		if r == nil || r.Code != NameUnsafe || !strings.Contains(r.What, c.what) || r.Next != c.next {
			t.Errorf("%q, %q: %+v", c.name, c.email, r)
		}
	}
}

// TestAssetNames: what GitHub makes of names, as public reports show it.
func TestAssetNames(t *testing.T) {
	for _, c := range []struct{ name, shown, report string }{
		{"My App 1.0.0 Setup.exe", "My.App.1.0.0.Setup.exe", "cli/cli#10585"},
		{"Symbols.Mixed 64-bit.7z", "Symbols.Mixed.64-bit.7z", "cli/cli#7024"},
		{"tobwen-1.1.0-1~buster_amd64.deb", "tobwen-1.1.0-1.buster_amd64.deb", "softprops/action-gh-release#159"},
		{"app.prod-v1.3.0-(15-5)-6064eac-release.apk", "app.prod-v1.3.0-.15-5.-6064eac-release.apk", "actions/upload-release-asset#57"},
		{"fake.      file.txt", "fake.file.txt", "electron/forge#1761"},
		{"erick%%%%%!!!zhao.txt", "erick.zhao.txt", "electron/forge#1761"},
		{"a5_ð_æ_©_ŋ.txt", "a5_d_ae_._ng.txt", "travis-ci/dpl#821"},
		{"ć.txt", "c.txt", "cli/cli#7201"},
		{"茶话室-0.1.2-mac-arm64.dmg", "-0.1.2-mac-arm64.dmg", "jin-bo/chahua#5"},
		{"📄.pdf", "default.pdf", "softprops/action-gh-release#542"},
		{".bashrc", "default.bashrc", "softprops/action-gh-release#741"},
		{"hello-world-5.0.0+master.001.tar.gz", "hello-world-5.0.0+master.001.tar.gz", "microsoft/azure-pipelines-tasks#14275"},
		{"erick@2.txt", "erick@2.txt", "electron/forge#1761"},
		{"a..b", "a.b", ""}, {"x.", "default.x", ""}, {"(x)", "default.x", ""}, {"名前", "default", ""}, {"\xff.zip", "default.zip", ""}, {"_a-b_", "_a-b_", ""}, {"LICENSE", "LICENSE", ""},
	} {
		if got := AssetNameOnGitHub(c.name); got != c.shown {
			t.Errorf("%s: %q becomes %q, want %q", c.report, c.name, got, c.shown)
		}
		err := ValidateAssetName(c.name)
		if (err == nil) != (c.name == c.shown) || err != nil && !strings.Contains(err.Error(), fmt.Sprintf("GitHub would rename it to %q", c.shown)) {
			t.Errorf("%q: %v", c.name, err)
		}
	}
	for _, name := range []string{"", "-x.txt", strings.Repeat("a", MaxName+1)} {
		if ValidateAssetName(name) == nil {
			t.Errorf("%.20q passes", name)
		}
	}
}

// TestRepositoryNames: users, organisations and managed users; and names that GitHub would change.
func TestRepositoryNames(t *testing.T) {
	for _, name := range []string{"octo-org/widgets", "octocat_acme/repo", "a/.github", "a/-", "a--b/c", "old-/x", "a/b.git.x", strings.Repeat("o", 39) + "/" + strings.Repeat("r", 100)} {
		if err := ValidateRepository(name); err != nil {
			t.Error(err)
		}
	}
	for name, why := range map[string]string{
		"": "no owner", "/b": "no owner", "a": "no name", "a/": "no name", "a/b/c": "letters, digits and ._-", "-a/b": "the owner", "a b/c": "the owner", "_acme/b": "the owner", "a_/b": "the owner", "a_b_c/d": "the owner",
		"a_b-c/d": "the owner", "a/.": "a folder", "a/..": "a folder", "a/b.git": "GitHub removes", "a/b.GIT": "GitHub removes", "a/b.wiki": "wikis", "a/ü": "makes \"-\"",
		strings.Repeat("o", 40) + "/x": "40 characters", "a/" + strings.Repeat("r", 101): "101 characters",
	} {
		if err := ValidateRepository(name); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// FuzzNames: what passes is safe for a shell, an address and a terminal, and what is proposed instead of a bad name passes.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"v1", "@acme/ui@1.2.3", "refs/tags/v1", "a b", "é", "\xff", "-x", "a/../b", "$(x)", "HEAD", "a.lock", "#=,"} {
		f.Add(s)
	}
	ref := regexp.MustCompile(`^[A-Za-z0-9_@][A-Za-z0-9._/+@#=,-]*$`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, err := range []error{ValidateTagName(s), ValidateBranchName(s)} {
			r, _ := err.(*Refusal)
			if err == nil && (!ref.MatchString(s) || strings.Contains(s, "..") || strings.Contains(s, "@{")) {
				t.Errorf("%q passes", s)
			}
			if err == nil {
				continue
			}
			if instead, ok := strings.CutPrefix(r.Next, "write "); ok {
				if instead, _, _ = strings.Cut(instead, " instead of "); ValidateTagName(instead) != nil {
					t.Errorf("%q: %q is proposed", s, instead)
				}
			}
		}
	})
}

func TestRefsCollide(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"v1", "v1/x", true}, {"v1/x/y", "v1", true}, {"v1", "v1", false}, {"v1", "v1.1/x", false}, {"v1/x", "v1/y", false}} {
		if RefsCollide(c.a, c.b) != c.want || RefsCollide(c.b, c.a) != c.want {
			t.Errorf("%+v", c)
		}
	}
	if got := fmt.Sprint(RefsAbove("a/b/c")); got != "[a a/b]" {
		t.Error(got)
	}
}

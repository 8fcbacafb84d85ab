package marketops

import (
	"regexp"
	"testing"
)

// assetRE is the grammar of asset names without their length.
var assetRE = regexp.MustCompile(`^[A-Za-z0-9_+@][A-Za-z0-9_+@-]*(?:\.[A-Za-z0-9_+@-]+)*$`)

// grammars are the names of a document as regular expressions, which say the same in another way.
var grammars = []struct {
	is func(string) bool
	re *regexp.Regexp
}{
	{func(s string) bool { return ValidateAssetName(s) == nil || len(s) > MaxName && assetRE.MatchString(s) }, assetRE},
	{FullSHA, regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)},
	{isContentType, regexp.MustCompile(`^[a-z0-9.+-]{1,80}/[a-z0-9.+-]{1,80}$`)},
	{isEmail, regexp.MustCompile(`^[A-Za-z0-9!#$%&*+/=?^_` + "`" + `{|}~\[\]-](?:[A-Za-z0-9!#$%&'*+/=?^_` + "`" + `{|}~.\[\]-]{0,63})@[A-Za-z0-9.-]{0,254}[A-Za-z0-9-]$`)},
}

func FuzzGrammar(f *testing.F) {
	for _, s := range []string{"", "api.github.com", "api.github.com:443", "a:", ":1", "a:123456", "octo-org/widgets", "octocat_acme/repo", "v1..2", "@acme/ui@1.2.3", "a+b.txt", "a..b", "x.", "-a/b", "a/b/c", "a/", "widget_1.tar.gz", ".x",
		"3b1f9c2a3b1f9c2a3b1f9c2a3b1f9c2a3b1f9c2a", "3B1f9c2a3b1f9c2a3b1f9c2a3b1f9c2a3b1f9c2a", "text/plain", "text/plain;", "a@b", "é@example.com", "a b@c", "a\xff@c", "a@b@c", "\n", ".a@b", "a.@b", "a@b.", "'a'@b", "49699333+dependabot[bot]@users.noreply.github.com", "o'brien@example.com", "a\x1b@b", "a\x00@b", "\u202ea@b", "a\u200b@b", "\"a\"@b", "a,b@c", "a;@b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if shown := AssetNameOnGitHub(s); isKeptAssetName(s) && shown != s || !isKeptAssetName(shown) && len(shown) <= MaxName {
			t.Errorf("%q is %q on GitHub", s, shown)
		}
		for _, g := range grammars {
			if got, want := g.is(s), g.re.MatchString(s); got != want {
				t.Errorf("%q is %v under %s", s, got, g.re)
			}
		}
	})
}

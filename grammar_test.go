package marketops

import (
	"regexp"
	"testing"
)

// grammars are the names of a document as regular expressions, which say the same in another way.
var grammars = []struct {
	is func(string) bool
	re *regexp.Regexp
}{
	{isFullName, regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$`)},
	{func(s string) bool { return ValidateAssetName(s) == nil }, regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$`)},
	{FullSHA, regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)},
	{isContentType, regexp.MustCompile(`^[a-z0-9.+-]{1,80}/[a-z0-9.+-]{1,80}$`)},
	{isEmail, regexp.MustCompile(`^[A-Za-z0-9!#$%&*+/=?^_` + "`" + `{|}~\[\]-](?:[A-Za-z0-9!#$%&'*+/=?^_` + "`" + `{|}~.\[\]-]{0,63})@[A-Za-z0-9.-]{0,254}[A-Za-z0-9-]$`)},
}

func FuzzGrammar(f *testing.F) {
	for _, s := range []string{"", "api.github.com", "api.github.com:443", "a:", ":1", "a:123456", "octo-org/widgets", "-a/b", "a/b/c", "a/", "widget_1.tar.gz", ".x",
		"3b1f9c2a3b1f9c2a3b1f9c2a3b1f9c2a3b1f9c2a", "3B1f9c2a3b1f9c2a3b1f9c2a3b1f9c2a3b1f9c2a", "text/plain", "text/plain;", "a@b", "é@example.com", "a b@c", "a\xff@c", "a@b@c", "\n", ".a@b", "a.@b", "a@b.", "'a'@b", "49699333+dependabot[bot]@users.noreply.github.com", "o'brien@example.com", "a\x1b@b", "a\x00@b", "\u202ea@b", "a\u200b@b", "\"a\"@b", "a,b@c", "a;@b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, g := range grammars {
			if got, want := g.is(s), g.re.MatchString(s); got != want {
				t.Errorf("%q is %v under %s", s, got, g.re)
			}
		}
	})
}

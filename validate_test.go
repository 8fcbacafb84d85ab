package marketops

import (
	"regexp"
	"strings"
	"testing"
)

// TestLengths holds each grammar to the counted expression of docs/formats.md, at its limits.
func TestLengths(t *testing.T) {
	ofTarget := func(set func(*Target, string)) func(string) bool {
		return func(s string) bool {
			target := Target{Type: "github", Host: "github.com", RepositoryID: 1, FullName: "a/b"}
			set(&target, s)
			return target.Validate() == nil
		}
	}
	for name, g := range map[string]struct {
		counted string
		is      func(string) bool
		parts   []string // each is grown
	}{
		"full name": {`^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$`, ofTarget(func(t *Target, s string) { t.FullName = s }), []string{"", "a", "/", "b", "/b"}},
		"branch":    {`^[A-Za-z0-9]{1,244}$`, func(s string) bool { return ValidateBranchName(s) == nil }, []string{"", "x"}},
		"tag":       {`^[A-Za-z0-9]{1,245}$`, func(s string) bool { return ValidateTagName(s) == nil }, []string{"", "x"}},
		"asset":     {`^[A-Za-z0-9]{1,255}$`, func(s string) bool { return ValidateAssetName(s) == nil }, []string{"", "x"}},
		"object id": {`^([0-9a-f]{40}|[0-9a-f]{64})$`, FullSHA, []string{"", "a", "0", "g"}},
		"e-mail": {`^[A-Za-z0-9!#$%&*+/=?^_` + "`" + `{|}~\[\]-](?:[A-Za-z0-9!#$%&'*+/=?^_` + "`" + `{|}~.\[\]-]{0,63})@[A-Za-z0-9.-]{0,254}[A-Za-z0-9-]$`, func(s string) bool { return Person{Name: "a", Email: s, Date: 1}.validate("") == nil },
			[]string{"", "a", "ä", "@", "b", "@b", "\xff", "\x1b", "\u202e", ".", "'", "\x00", "\u200b"}},
		"content type": {`^[a-z0-9.+-]{1,80}/[a-z0-9.+-]{1,80}$`, func(s string) bool {
			return validateAssets([]Asset{{Name: "a", Size: 1, SHA256: Digest{1}, ContentType: s}}) == nil
		}, []string{"", "a", "/", "b", "/b"}},
	} {
		counted, good := regexp.MustCompile(g.counted), 0
		for _, n := range []int{0, 1, 5, 6, 38, 39, 40, 63, 64, 65, 79, 80, 81, 99, 100, 101, 243, 244, 245, 246, 252, 253, 254, 255, 256} {
			for _, m := range []int{0, 1, 4, 5, 6, 79, 80, 81, 99, 100, 101, 254, 255, 256} {
				for _, x := range g.parts {
					for _, y := range g.parts {
						for _, z := range g.parts {
							s := strings.Repeat(x, n) + y + strings.Repeat(z, m)
							want := counted.MatchString(s)
							if want {
								good++
							}
							if g.is(s) != want {
								t.Fatalf("%s %q: %v, want %v", name, s, !want, want)
							}
						}
					}
				}
			}
		}
		if good < 3 {
			t.Errorf("%s: %d good ones", name, good)
		}
	}
}

// TestIdentities: what git would cut, what moves a cursor and what is invisible is no name and no address; the control is one.
func TestIdentities(t *testing.T) {
	for _, good := range [][2]string{{"Release Bot", "release@example.com"}, {"Zoë Müller-Łuk", "zoe.m+x@example.com"}, {"dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"}, {"Ó Brian", "o'brien@example.com"}, {"山田 太郎", "yamada@example.jp"}} {
		if err := ValidateIdentity("tagger", good[0], good[1]); err != nil {
			t.Error(err)
		}
	}
	for _, hidden := range []string{"\x00", "\x1b", "\x7f", "\u0085", "\u009b", "\u200b", "\u200d", "\u202e", "\u2066", "\u2028", "\ufeff", "\U000e0041", "\u00ad", "\u061c", "\ufffd", "\xff", "\n", "\t"} {
		for _, s := range []string{hidden + "bot", "b" + hidden + "ot", "bot" + hidden} {
			if ValidateIdentity("tagger", s, "a@b") == nil {
				t.Errorf("the name %q passes", s)
			}
			for _, mail := range []string{s + "@example.com", "bot@" + s} {
				if ValidateIdentity("tagger", "a", mail) == nil {
					t.Errorf("the address %q passes", mail)
				}
			}
		}
	}
	for _, s := range []string{"", " bot", "bot ", "bot.", ".bot", "bot,", "'bot'", "\"bot\"", "b<ot", "bot>", "bot;", ":bot", "bot\\"} {
		if ValidateIdentity("tagger", s, "a@b") == nil || ValidateIdentity("tagger", "a", s+"@b") == nil && strings.ContainsAny(s, " <>,;:\"\\") {
			t.Errorf("%q passes", s)
		}
	}
}

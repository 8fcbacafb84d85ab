package marketops

import (
	"fmt"
	"strings"

	"github.com/omega/marketops/internal/grammar"
)

// assetChars are what GitHub keeps in the name of a file of a release.
const assetChars = grammar.Alnum + "._+@-"

// ValidateAssetName refuses a name that GitHub would change, and says into what; and one that commands take for an
// option. The code is [AssetUnsafe].
func ValidateAssetName(s string) error {
	refuse := func(why string) error { return Refuse(AssetUnsafe, fmt.Sprintf("asset name %.80q %s", s, why)) }
	switch {
	case s == "":
		return refuse("is empty")
	case len(s) > MaxName:
		return refuse(fmt.Sprintf("has %d bytes, at most %d", len(s), MaxName))
	case strings.HasPrefix(s, "-"):
		return refuse(`begins with "-": commands take it for an option`)
	case !isKeptAssetName(s):
		return refuse(fmt.Sprintf("%s: GitHub would rename it to %q", assetFault(s), AssetNameOnGitHub(s)))
	}
	return nil
}

// isKeptAssetName reports whether GitHub publishes a file under this very name.
func isKeptAssetName(s string) bool {
	return grammar.Of(s, assetChars, 1, MaxName) && s[0] != '.' && !strings.HasSuffix(s, ".") && !strings.Contains(s, "..")
}

func assetFault(s string) string {
	for i, r := range s {
		if !isKeptInAsset(r) {
			return fmt.Sprintf("has the character %q (%U) at byte %d", r, r, i)
		}
	}
	if strings.Contains(s, "..") {
		return `has ".."`
	}
	return "begins or ends with a dot"
}

func isKeptInAsset(r rune) bool { return r < 0x80 && grammar.Of(string(r), assetChars, 1, 1) }

// AssetNameOnGitHub returns the name under which GitHub publishes a file of this name, as far as public reports tell:
// Latin letters lose their marks, other characters become dots, dots stand alone and never at an end, and a name
// that begins with a dot, or of which only one part is left, begins with "default".
func AssetNameOnGitHub(name string) string {
	plain := plainLetters(name)
	if strings.HasPrefix(plain, ".") {
		plain = "default" + plain
	}
	parts := strings.FieldsFunc(plain, func(r rune) bool { return r == '.' || !isKeptInAsset(r) })
	shown := strings.Join(parts, ".")
	switch {
	case len(parts) == 0:
		return "default"
	case len(parts) == 1 && shown != name:
		return "default." + shown
	}
	return shown
}

// latin are letters by what is left of them without their marks.
var latin = []struct{ plain, letters string }{
	{"A", "ÀÁÂÃÄÅĀĂĄ"}, {"AE", "Æ"}, {"C", "ÇĆĈĊČ"}, {"D", "ÐĎĐ"}, {"E", "ÈÉÊËĒĔĖĘĚ"}, {"G", "ĜĞĠĢ"}, {"H", "ĤĦ"},
	{"I", "ÌÍÎÏĨĪĬĮİ"}, {"IJ", "Ĳ"}, {"J", "Ĵ"}, {"K", "Ķ"}, {"L", "ĹĻĽĿŁ"}, {"N", "ÑŃŅŇ"}, {"NG", "Ŋ"}, {"O", "ÒÓÔÕÖØŌŎŐ"},
	{"OE", "Œ"}, {"R", "ŔŖŘ"}, {"S", "ŚŜŞŠ"}, {"T", "ŢŤŦ"}, {"Th", "Þ"}, {"U", "ÙÚÛÜŨŪŬŮŰŲ"}, {"W", "Ŵ"}, {"Y", "ÝŶŸ"}, {"Z", "ŹŻŽ"},
	{"a", "àáâãäåāăą"}, {"ae", "æ"}, {"c", "çćĉċč"}, {"d", "ðďđ"}, {"e", "èéêëēĕėęě"}, {"g", "ĝğġģ"}, {"h", "ĥħ"},
	{"i", "ìíîïĩīĭįı"}, {"ij", "ĳ"}, {"j", "ĵ"}, {"k", "ķ"}, {"l", "ĺļľŀł"}, {"n", "ñńņňŉ"}, {"ng", "ŋ"}, {"o", "òóôõöøōŏő"},
	{"oe", "œ"}, {"r", "ŕŗř"}, {"s", "śŝşš"}, {"ss", "ß"}, {"t", "ţťŧ"}, {"th", "þ"}, {"u", "ùúûüũūŭůűų"}, {"w", "ŵ"}, {"y", "ýŷÿ"}, {"z", "źżž"},
}

func plainLetters(name string) string {
	var out strings.Builder
	for _, r := range name {
		out.WriteString(plainLetter(r))
	}
	return out.String()
}

func plainLetter(r rune) string {
	for _, l := range latin {
		if r >= 0x80 && strings.ContainsRune(l.letters, r) {
			return l.plain
		}
	}
	return string(r)
}

package config

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
)

var (
	envNameRE = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)
	pathRefRE = regexp.MustCompile(`^(/|\./|\.\./|[A-Za-z]:[\\/]|\.{1,2}\\)`)
	// Prefixes of GitHub's tokens, and keys in PEM; a path has no business to contain one.
	tokenRE = regexp.MustCompile(`(gh[a-z]_|github_pat_)[A-Za-z0-9_]{8,}|-----BEGIN|(^|/)[0-9a-f]{40}$`)
)

var errLiteral = errors.New("a secret is named by env://NAME or by a path that begins with ./, ../ or /; what stands there is refused and not shown")

// checkSecretRef never quotes ref: it may be the secret itself.
func checkSecretRef(ref string) error {
	if name, ok := strings.CutPrefix(ref, "env://"); ok {
		if !envNameRE.MatchString(name) || tokenRE.MatchString(name) {
			return errLiteral
		}
		return nil
	}
	if !pathRefRE.MatchString(ref) || tokenRE.MatchString(ref) || strings.ContainsAny(ref, "\n\r\x00") {
		return errLiteral
	}
	return nil
}

// ReadSecret reads what a secret reference names: env://NAME, or a file, relative to dir.
// It and [ReadKey] are the functions here that read the environment. A file must be regular, at most
// [MaxSecret] bytes, the user's own and closed to group and others; one newline at its end is dropped. Errors are
// [marketops.TokenMissing] for a variable or file that is absent or empty and
// [marketops.ConfigInvalid] for the rest; none shows the text.
func ReadSecret(dir, ref string) (marketops.Secret, error) {
	s, err := ReadKey(dir, ref)
	if err == nil && strings.ContainsFunc(s.Reveal(), func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return marketops.Secret{}, marketops.Refuse(marketops.ConfigInvalid, ref+" holds spaces or characters that no token has")
	}
	return s, err
}

// ReadKey is [ReadSecret] for a text of several lines, such as a key in PEM. It does not parse it.
func ReadKey(dir, ref string) (marketops.Secret, error) {
	if err := checkSecretRef(ref); err != nil {
		return marketops.Secret{}, marketops.RefuseErr(marketops.ConfigInvalid, "secret reference", err)
	}
	text, err := secretText(dir, ref)
	if err != nil {
		return marketops.Secret{}, err
	}
	if text == "" {
		return marketops.Secret{}, marketops.Refuse(marketops.TokenMissing, ref+" is not set or empty")
	}
	return marketops.NewSecret(text), nil
}

func secretText(dir, ref string) (string, error) {
	if name, ok := strings.CutPrefix(ref, "env://"); ok {
		return os.Getenv(name), nil
	}
	if !filepath.IsAbs(ref) {
		ref = filepath.Join(dir, ref)
	}
	b, err := regular.ReadPrivate(ref, MaxSecret)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", invalid(ref, 0, reason(err))
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
}

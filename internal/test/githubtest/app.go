package githubtest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// App is a GitHub App with one installation.
type App struct {
	ID           int64
	Slug         string         // its tokens act as "slug[bot]"
	Key          *rsa.PublicKey // of the JWTs that it signs
	Installation int64
	Repos        []string          // that the installation covers, as in [Token]
	Permissions  map[string]string // granted to the installation: "contents" → "write"
	Lifetime     time.Duration     // of its tokens; 0 is GitHub's hour
}

func (a App) check() error {
	if a.ID <= 0 || a.Installation <= 0 || a.Slug == "" || a.Key == nil {
		return errors.New("githubtest: an App needs an id, a slug, an installation and a public key")
	}
	return nil
}

func (a *App) lifetime() time.Duration {
	if a.Lifetime == 0 {
		return time.Hour
	}
	return a.Lifetime
}

const longestJWT = 10 * time.Minute

// signedBy returns the App whose JWT the text is: RS256 under its key, issued in the past, and
// ending within ten minutes.
func (s *Server) signedBy(text string) *App {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil
	}
	var header struct{ Alg, Typ string }
	var claims struct {
		Iss json.RawMessage
		Iat int64
		Exp int64
	}
	if decodePart(parts[0], &header) != nil || header.Alg != "RS256" || decodePart(parts[1], &claims) != nil {
		return nil
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	now := s.now().Unix()
	if err != nil || claims.Iat > now || claims.Exp <= now || claims.Exp > now+int64(longestJWT/time.Second) {
		return nil
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for i := range s.options.Apps {
		a := &s.options.Apps[i]
		if strings.Trim(string(claims.Iss), `"`) == strconv.FormatInt(a.ID, 10) && rsa.VerifyPKCS1v15(a.Key, crypto.SHA256, sum[:], signature) == nil {
			return a
		}
	}
	return nil
}

func decodePart(part string, v any) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

package app

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"
)

// GitHub asks for an issue time 60 seconds in the past, which allows for a clock that is ahead of
// its own, and for an expiry at most ten minutes in the future.
const (
	issuedBefore = time.Minute
	goodFor      = 5 * time.Minute
)

// signer signs JSON Web Tokens for one App, under the clock of the options.
type signer struct {
	app int64
	key *rsa.PrivateKey
	now func() time.Time
}

// sign returns a JSON Web Token (RFC 7519) that expires in five minutes. Its times are whole
// seconds: GitHub accepts no others.
func (s signer) sign() (string, error) {
	now := s.now()
	claims := fmt.Sprintf(`{"iss":"%d","iat":%d,"exp":%d}`, s.app, now.Add(-issuedBefore).Unix(), now.Add(goodFor).Unix())
	return signRS256(s.key, `{"alg":"RS256","typ":"JWT"}`, claims)
}

// signRS256 is the compact serialization of RFC 7515 §3.1 with the algorithm of RFC 7518 §3.3. The
// header must say RS256.
func signRS256(key *rsa.PrivateKey, header, payload string) (string, error) {
	text := encode([]byte(header)) + "." + encode([]byte(payload))
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	return text + "." + encode(signature), err
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

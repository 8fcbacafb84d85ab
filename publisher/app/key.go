package app

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/config"
)

// Limits of a key, in bits: GitHub makes keys of 2048.
const (
	minBits = 2048
	maxBits = 8192
)

// parseKey reads exactly one RSA key. Its errors never quote it.
func parseKey(text config.Secret) (*rsa.PrivateKey, error) {
	block, rest := pem.Decode([]byte(text.Reveal()))
	if block == nil || strings.TrimSpace(string(rest)) != "" {
		return nil, badKey("is not one PEM block")
	}
	var found any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		found, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		found, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	default:
		return nil, badKey("is not a private key")
	}
	key, ok := found.(*rsa.PrivateKey)
	if err != nil || !ok || key == nil {
		return nil, badKey("is not an RSA key")
	}
	if n := key.N.BitLen(); n < minBits || n > maxBits {
		return nil, badKey("is not of 2048 to 8192 bits")
	}
	return key, nil
}

func badKey(why string) error {
	return marketops.Refuse(marketops.ConfigInvalid, "the App's key "+why+": want the .pem file that GitHub made")
}

// The lifetime of a JWT. GitHub allows ten minutes, and refuses one from the future.
const (
	issuedBefore = time.Minute
	goodFor      = 5 * time.Minute
)

// signer signs under the clock of the options.
type signer struct {
	key *rsa.PrivateKey
	now func() time.Time
}

// Sign implements ghinstallation.Signer.
func (s signer) Sign(claims jwt.Claims) (string, error) {
	given, ok := claims.(*jwt.RegisteredClaims)
	if !ok {
		return "", errors.New("claims of an unknown form")
	}
	now := s.now()
	return jwt.NewWithClaims(jwt.SigningMethodRS256, &jwt.RegisteredClaims{
		Issuer:    given.Issuer,
		IssuedAt:  jwt.NewNumericDate(now.Add(-issuedBefore)),
		ExpiresAt: jwt.NewNumericDate(now.Add(goodFor)),
	}).SignedString(s.key)
}

package app

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/omega/marketops"
)

// Limits of a key, in bits: GitHub makes keys of 2048.
const (
	minBits = 2048
	maxBits = 8192
)

// parseKey reads exactly one RSA key. Its errors never quote it.
func parseKey(text marketops.Secret) (*rsa.PrivateKey, error) {
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

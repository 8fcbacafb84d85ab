package signer

import (
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/foreign"
	"github.com/omega/marketops/internal/regular"
)

// PublicPEM returns the PKIX PEM ("PUBLIC KEY") of k, as cosign reads it.
func PublicPEM(k crypto.PublicKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.SPKI()})
}

// ParsePublicPEM reads one PKIX PEM of an Ed25519 key and nothing else. A private key in
// its place is refused, and so are weak keys; the error is [marketops.KeyUnreadable].
func ParsePublicPEM(text []byte) (crypto.PublicKey, error) {
	k, err := parsePublic(text)
	if err != nil {
		return crypto.PublicKey{}, marketops.RefuseErr(marketops.KeyUnreadable, "public key", err)
	}
	return k, nil
}

func parsePublic(text []byte) (crypto.PublicKey, error) {
	if len(text) > MaxFile {
		return crypto.PublicKey{}, fmt.Errorf("longer than %d bytes", MaxFile)
	}
	if strings.Contains(string(text), "PRIVATE KEY-----") {
		return crypto.PublicKey{}, errors.New("this is a private key: keep it to yourself, and give the public one")
	}
	block, err := onlyBlock(text)
	if err != nil {
		return crypto.PublicKey{}, err
	}
	if block.Type != "PUBLIC KEY" {
		return crypto.PublicKey{}, fmt.Errorf("a PEM block of type %.40q is not a public key", block.Type)
	}
	return crypto.ParseSPKI(block.Bytes)
}

// LoadPublic reads the file of a public key with [ParsePublicPEM].
func LoadPublic(path string) (crypto.PublicKey, error) {
	text, err := regular.ReadPath(path, MaxFile)
	if err != nil {
		return crypto.PublicKey{}, unreadable(path, cause(err))
	}
	k, err := parsePublic(text)
	if what := foreign.Name(text); err != nil && what != "" && !strings.HasPrefix(what, "a public key") {
		err = errors.New("it is " + what + "; wanted is a public key")
	}
	if err != nil {
		return crypto.PublicKey{}, unreadable(path, err)
	}
	return k, nil
}

package signer

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/regular"
)

// LoadPublicKey reads a public key: the file of one in PEM or as OpenSSH writes it, or the line of an OpenSSH public
// key itself. The error is [marketops.KeyUnreadable].
func LoadPublicKey(ref string) (crypto.PublicKey, error) {
	text := []byte(ref)
	if !isOpenSSH(text) {
		var err error
		if text, err = regular.ReadPath(ref, MaxFile); err != nil {
			return crypto.PublicKey{}, unreadable(ref, cause(err))
		}
	}
	parse := parsePublic
	if isOpenSSH(text) {
		parse = parseOpenSSH
	}
	k, err := parse(text)
	if err != nil {
		return crypto.PublicKey{}, unreadable(short(ref), err)
	}
	return k, nil
}

// short is a reference that is no longer than people read.
func short(ref string) string { return fmt.Sprintf("%.80s", ref) }

// isOpenSSH reports whether a text begins with the type of an OpenSSH key.
func isOpenSSH(text []byte) bool {
	kind, _, found := strings.Cut(strings.TrimSpace(string(text[:min(len(text), 80)])), " ")
	return found && (strings.HasPrefix(kind, "ssh-") || strings.HasPrefix(kind, "sk-") || strings.HasPrefix(kind, "ecdsa-"))
}

func parseOpenSSH(text []byte) (crypto.PublicKey, error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey(text)
	switch {
	case err != nil:
		return crypto.PublicKey{}, errors.New("not an OpenSSH public key")
	case len(options) > 0 || len(bytes.TrimSpace(rest)) > 0:
		return crypto.PublicKey{}, errors.New("want one key, and no options before it")
	case strings.HasPrefix(key.Type(), "sk-"):
		return crypto.PublicKey{}, fmt.Errorf("the key is of type %.60s: a security key signs another message than the record, so it cannot be verified", key.Type())
	case key.Type() != ssh.KeyAlgoED25519:
		return crypto.PublicKey{}, fmt.Errorf("the key is of type %.60s; only ssh-ed25519 is accepted", key.Type())
	}
	public, ok := key.(ssh.CryptoPublicKey).CryptoPublicKey().(ed25519.PublicKey)
	if !ok {
		return crypto.PublicKey{}, errors.New("not an Ed25519 key")
	}
	return crypto.NewPublicKey(public)
}

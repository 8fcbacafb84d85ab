package signer

import (
	"encoding/pem"
	"errors"
	"io"
	"io/fs"

	"github.com/secure-systems-lab/go-securesystemslib/encrypted"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/regular"
)

// Generate makes a key out of 32 bytes of random, which must be a cryptographic source.
func Generate(random io.Reader) (*crypto.PrivateKey, error) {
	if random == nil {
		return nil, marketops.Refuse(marketops.KeyUnreadable, "no source of randomness")
	}
	var seed [32]byte
	defer clear(seed[:])
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return nil, marketops.Refuse(marketops.KeyUnreadable, "the source of randomness ended")
	}
	k, err := newKey(seed[:])
	if err != nil {
		return nil, marketops.RefuseErr(marketops.KeyUnreadable, "new key", err)
	}
	return k, nil
}

// WritePlain writes the PKCS#8 PEM with mode 0600, durably. It never replaces a file:
// the error then is [marketops.KeyUnreadable], as all are.
func WritePlain(path string, k *crypto.PrivateKey) error {
	if k == nil {
		return unreadable(path, errors.New("there is no key to write"))
	}
	return create(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: k.PKCS8()}), 0o600)
}

// WriteEncrypted writes an ENCRYPTED SIGSTORE PRIVATE KEY (scrypt N=2^17 r=8 p=1) as
// [WritePlain] does. An empty passphrase is allowed, and protects nothing; nil is refused.
func WriteEncrypted(path string, k *crypto.PrivateKey, passphrase []byte) error {
	if k == nil || passphrase == nil {
		return unreadable(path, errors.New("there is no key or no passphrase to write it with"))
	}
	der := k.PKCS8()
	defer clear(der)
	sealed, err := encrypted.EncryptWithCustomKDFParameters(der, passphrase, encrypted.OWASP)
	if err != nil {
		return unreadable(path, errors.New("it cannot be encrypted"))
	}
	return create(path, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY", Bytes: sealed}), 0o600)
}

// WritePublic writes the PKIX PEM with mode 0644, durably; it never replaces a file.
func WritePublic(path string, k crypto.PublicKey) error {
	if k.IsZero() {
		return unreadable(path, errors.New("there is no key to write"))
	}
	return create(path, PublicPEM(k), 0o644)
}

// create writes a new file and makes it and its name durable, or leaves none.
func create(path string, text []byte, mode fs.FileMode) error {
	defer clear(text)
	err := regular.CreatePath(path, text, mode)
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrExist), errors.As(err, &p) && p.Op == "open":
		return unreadable(path, cause(err))
	case err != nil:
		return unreadable(path, errors.New("it cannot be written"))
	}
	return nil
}

package signer

import (
	"crypto/ed25519"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"golang.org/x/crypto/ssh"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
)

// open returns the 64-byte key of a block. The parsers' own errors end here: they may quote.
func open(block *pem.Block, text []byte, ref string, pass Passphrase) (ed25519.PrivateKey, error) {
	switch block.Type {
	case "PRIVATE KEY":
		k, err := crypto.ParsePKCS8(block.Bytes)
		if err != nil {
			return nil, unreadable(ref, errors.New("not an Ed25519 PKCS#8 key"))
		}
		return ed25519.NewKeyFromSeed(k.Seed()), nil
	case "ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY":
		return decrypt(text, ref, pass, wrongSecretbox)
	case "ENCRYPTED PRIVATE KEY":
		if err := checkPBES2(block.Bytes); err != nil {
			return nil, unreadable(ref, err)
		}
		return decrypt(text, ref, pass, wrongPBES2)
	case "OPENSSH PRIVATE KEY":
		return openSSH(text, ref, pass)
	}
	return nil, unreadable(ref, fmt.Errorf("a PEM block of type %.40q is not a private key this program reads", block.Type))
}

// How the libraries beneath say that the passphrase is not the right one.
const (
	wrongSecretbox = "decryption failed"
	wrongPBES2     = "incorrect password"
)

// decrypt asks for the passphrase and opens what sigstore can open. PBES2's decoder takes an
// empty passphrase for an unencrypted file, so it never sees one.
func decrypt(text []byte, ref string, pass Passphrase, wrong string) (ed25519.PrivateKey, error) {
	secret, err := ask(ref, pass)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	if len(secret) == 0 && wrong == wrongPBES2 {
		return nil, passphraseWrong(ref)
	}
	key, err := cryptoutils.UnmarshalPEMToPrivateKey(text, cryptoutils.StaticPasswordFunc(secret))
	if err != nil && strings.Contains(err.Error(), wrong) {
		return nil, passphraseWrong(ref)
	}
	if err != nil {
		return nil, unreadable(ref, errors.New("not a key file in a form this program reads"))
	}
	return ed25519Only(ref, key)
}

func openSSH(text []byte, ref string, pass Passphrase) (ed25519.PrivateKey, error) {
	key, err := ssh.ParseRawPrivateKey(text)
	if missing := (*ssh.PassphraseMissingError)(nil); errors.As(err, &missing) {
		secret, askErr := ask(ref, pass)
		if askErr != nil {
			return nil, askErr
		}
		defer clear(secret)
		if len(secret) == 0 {
			return nil, passphraseWrong(ref)
		}
		if key, err = ssh.ParseRawPrivateKeyWithPassphrase(text, secret); err != nil && strings.Contains(err.Error(), "password incorrect") {
			return nil, passphraseWrong(ref)
		}
	}
	if err != nil {
		return nil, unreadable(ref, errors.New("not an OpenSSH key in a form this program reads"))
	}
	return ed25519Only(ref, key)
}

func ed25519Only(ref string, key any) (ed25519.PrivateKey, error) {
	switch k := key.(type) {
	case ed25519.PrivateKey:
		return k, nil
	case *ed25519.PrivateKey:
		return *k, nil
	}
	return nil, unreadable(ref, fmt.Errorf("the key is of type %s; only Ed25519 is accepted", strings.TrimPrefix(fmt.Sprintf("%T", key), "*")))
}

func ask(ref string, pass Passphrase) ([]byte, error) {
	if pass == nil {
		return nil, marketops.Refuse(marketops.PassphraseWrong, "key "+ref+" is encrypted, and no passphrase may be asked for here")
	}
	secret, err := pass("key "+ref, false)
	if err != nil {
		return nil, err
	}
	if secret == nil {
		secret = []byte{} // nil would make sigstore take the ciphertext for the key
	}
	return secret, nil
}

func passphraseWrong(ref string) error {
	return marketops.Refuse(marketops.PassphraseWrong, "the passphrase does not open key "+ref)
}

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidScrypt = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
	oidAES    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1} // .2, .22 and .42 are CBC
)

type algorithm struct {
	OID    asn1.ObjectIdentifier
	Params asn1.RawValue `asn1:"optional"`
}

// checkPBES2 looks at what the decoder beneath would do before it does it: that one takes
// any cost, and panics when IV or data have a length that is not the cipher's.
func checkPBES2(der []byte) error {
	var info struct {
		Algorithm algorithm
		Data      []byte
	}
	var params struct{ KDF, Cipher algorithm }
	var iv []byte
	if !whole(der, &info) || !info.Algorithm.OID.Equal(oidPBES2) || !whole(info.Algorithm.Params.FullBytes, &params) {
		return errors.New("not encrypted with PBES2 (openssl pkcs8 -topk8 -v2 aes-256-cbc)")
	}
	n := len(oidAES)
	isAES := len(params.Cipher.OID) == n+1 && params.Cipher.OID[:n].Equal(oidAES)
	if last := params.Cipher.OID; !isAES || last[n] != 2 && last[n] != 22 && last[n] != 42 {
		return errors.New("not encrypted with AES-CBC")
	}
	if !whole(params.Cipher.Params.FullBytes, &iv) || len(iv) != 16 || len(info.Data) == 0 || len(info.Data)%16 != 0 {
		return errors.New("the encrypted data is damaged")
	}
	return checkCost(params.KDF)
}

func checkCost(kdf algorithm) error {
	var p struct {
		Salt       []byte
		Iterations int
		PRF        algorithm `asn1:"optional"`
	}
	var s struct {
		Salt    []byte
		N, R, P int
	}
	switch {
	case kdf.OID.Equal(oidPBKDF2) && whole(kdf.Params.FullBytes, &p) && p.Iterations > 0 && p.Iterations <= maxIterations:
		return nil
	case kdf.OID.Equal(oidScrypt) && whole(kdf.Params.FullBytes, &s) && s.N > 1 && s.R > 0 && s.P > 0 &&
		s.P <= maxScryptPar && s.N <= maxScryptMem/128 && s.R <= maxScryptMem/128/s.N:
		return nil
	}
	return errors.New("the key derivation is unknown or costs more than is allowed")
}

func whole(der []byte, v any) bool {
	rest, err := asn1.Unmarshal(der, v)
	return err == nil && len(rest) == 0
}

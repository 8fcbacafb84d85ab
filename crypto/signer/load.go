package signer

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/foreign"
	"github.com/omega/marketops/internal/regular"
)

// keyServices lists the schemes of key services that are linked in.
var keyServices []string

// Load returns a signer for the private key that ref names. It signs through sigstore and shows
// nothing of the key. pass is asked only for an encrypted key; nil refuses those.
func Load(ref string, pass Passphrase) (crypto.Signer, error) {
	k, err := LoadPrivate(ref, pass)
	if err != nil {
		return nil, err
	}
	return wrap(k)
}

// LoadPrivate is [Load] for those that need the key itself: the log's checkpoint key.
func LoadPrivate(ref string, pass Passphrase) (*crypto.PrivateKey, error) {
	text, err := keyText(ref)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	return parsePrivate(ref, text, pass)
}

func parsePrivate(ref string, text []byte, pass Passphrase) (*crypto.PrivateKey, error) {
	block, err := onlyBlock(text)
	if what := foreign.Name(text); what != "" && !foreign.IsPrivateKey(text) {
		err = errors.New("it is " + what + "; wanted is a private key in PEM")
	}
	if err != nil {
		return nil, unreadable(ref, err)
	}
	key, err := open(block, text, ref, pass)
	if err != nil {
		return nil, err
	}
	return accept(ref, key)
}

func unreadable(ref string, err error) error {
	return marketops.RefuseErr(marketops.KeyUnreadable, "key "+ref, err)
}

func keyText(ref string) ([]byte, error) {
	scheme, name, isURI := strings.Cut(ref, "://")
	switch {
	case isURI && scheme == "env":
		text := os.Getenv(name)
		if text == "" || len(text) > MaxFile {
			return nil, unreadable(ref, fmt.Errorf("the variable is empty or longer than %d bytes", MaxFile))
		}
		return []byte(text), nil
	case isURI && !slices.Contains(keyServices, scheme):
		return nil, marketops.Refuse(marketops.KeyUnreadable, fmt.Sprintf("key service %.40q is not on the list of allowed ones; nothing was called or run", scheme))
	}
	text, err := regular.ReadPrivate(ref, MaxFile)
	if err != nil {
		return nil, unreadable(ref, cause(err))
	}
	return text, nil
}

// cause drops the path, which the message has already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// onlyBlock returns the PEM block of a text that is one block without headers: a second
// key, or the headers of the old weak encryption, would otherwise be passed over.
func onlyBlock(text []byte) (*pem.Block, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN ")) {
		return nil, errors.New("not a PEM file")
	}
	block, rest := pem.Decode(text)
	if block == nil || len(bytes.TrimSpace(rest)) != 0 || len(block.Headers) != 0 ||
		bytes.Count(text, []byte("-----BEGIN ")) != 1 {
		return nil, errors.New("not a file of one PEM block without headers")
	}
	return block, nil
}

// accept takes the seed alone: the second half of a stored key may lie about its public key,
// and signing with such a pair gives the seed away.
func accept(ref string, key ed25519.PrivateKey) (*crypto.PrivateKey, error) {
	defer clear(key)
	if len(key) != ed25519.PrivateKeySize {
		return nil, unreadable(ref, errors.New("not an Ed25519 key"))
	}
	seed := key.Seed()
	defer clear(seed)
	k, err := newKey(seed)
	if err != nil {
		return nil, unreadable(ref, err)
	}
	if !bytes.Equal(k.Public().Raw(), key[ed25519.SeedSize:]) {
		return nil, unreadable(ref, errors.New("the public half does not belong to the private half"))
	}
	return k, nil
}

// newKey refuses what only a broken source of randomness makes.
func newKey(seed []byte) (*crypto.PrivateKey, error) {
	if len(seed) > 0 && bytes.Count(seed, seed[:1]) == len(seed) {
		return nil, errors.New("weak key: its seed is one byte repeated")
	}
	k, err := crypto.NewPrivateKey(seed)
	if err != nil {
		return nil, errors.New("not an Ed25519 key")
	}
	if _, err := crypto.NewPublicKey(k.Public().Raw()); err != nil {
		return nil, err
	}
	return k, nil
}

type signer struct {
	by     *signature.ED25519Signer
	public crypto.PublicKey
}

func wrap(k *crypto.PrivateKey) (crypto.Signer, error) {
	by, err := signature.LoadED25519Signer(ed25519.NewKeyFromSeed(k.Seed()))
	if err != nil {
		return nil, marketops.Refuse(marketops.KeyUnreadable, "the key cannot be used for signing")
	}
	return &signer{by, k.Public()}, nil
}

func (s *signer) Public() crypto.PublicKey { return s.public }

func (s *signer) Sign(message []byte) ([]byte, error) {
	return s.by.SignMessage(bytes.NewReader(message))
}

// Format keeps every verb away from the key.
func (s *signer) Format(f fmt.State, _ rune) { io.WriteString(f, "[signer "+string(s.public.ID())+"]") }

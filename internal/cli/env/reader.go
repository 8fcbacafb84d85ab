package env

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/receipt/trust"
)

const maxRoots = 1 << 20 // bytes of --core-ca

// CoreRoots are the certificates of --core-ca, nil without it. They never come from the environment: who chooses
// them chooses who reads along.
func (e *Env) CoreRoots() (*x509.CertPool, error) {
	if e.CoreCA == "" {
		return nil, nil
	}
	text, err := regular.ReadPath(e.CoreCA, maxRoots)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.ConfigInvalid, "--core-ca "+e.CoreCA, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, marketops.Refuse(marketops.ConfigInvalid, "--core-ca "+e.CoreCA+": there is no certificate in PEM")
	}
	return roots, nil
}

// LoadReader returns the key of the state folder that signs reads, nil if there is none that the trust file lists as a
// valid reader's. It is never encrypted: reading asks for no passphrase.
func (e *Env) LoadReader(state string, t *trust.Trust) (crypto.Signer, error) {
	path := KeyPath(state, "", "reader")
	if state == "" {
		return nil, nil
	}
	key, err := signer.Load(path, noPassphrase)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !t.Valid(key.Public().ID(), trust.RoleReader, cli.Now(), nil) {
		e.Say("%s is not used: trust.json lists no valid reader with this key", filepath.Join("keys", "reader.pem"))
		return nil, nil
	}
	return key, nil
}

func noPassphrase(path string, _ bool) ([]byte, error) {
	return nil, marketops.Refuse(marketops.KeyUnreadable, path+" is encrypted; a reader key is not")
}

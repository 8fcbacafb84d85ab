// Package env is what surrounds a command of marketops: its streams, the flags that every command
// takes, the state folder of the project, and the user's own memory outside it.
package env

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/internal/foreign"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/pflag"
)

// StateName is the folder that holds a project's state, found like git finds its own.
const StateName = ".marketops"

// Env is everything outside a command's own arguments.
type Env struct {
	*cli.Streams
	CoreFlag  string   // --core
	TrustFlag string   // --trust
	CoreCA    string   // --core-ca
	ignored   []string // variables that were taken out of the environment
}

// New returns the environment of a command with these streams. It takes variables out of the
// process's environment that would choose whom TLS believes.
func New(s *cli.Streams) *Env { return &Env{Streams: s, ignored: cli.IgnoreCertificates()} }

// Bind defines the flags that every command takes.
func (e *Env) Bind(f *pflag.FlagSet) {
	f.StringVar(&e.CoreFlag, "core", "", "address of the Federation Core: a socket path or https:// (default: $MARKETOPS_CORE, core: in the file, .marketops/core.sock)")
	f.StringVar(&e.CoreCA, "core-ca", "", "the only certificates, in PEM, that a Core at https:// is believed by (default: those of the system)")
	f.StringVar(&e.TrustFlag, "trust", "", "the trust file (default: .marketops/trust.json)")
}

// State returns the nearest .marketops upward from the current folder.
func State() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, StateName)
		if root, err := os.OpenRoot(path); err == nil {
			return path, errors.Join(requireOwn(path), root.Close())
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", &marketops.Failure{Code: marketops.StateMissing, What: "no " + StateName + " folder here or above"}
		}
		dir = parent
	}
}

// requireOwn refuses a state folder that another user owns or can write: it says whom to believe, and as whom
// to sign.
func requireOwn(path string) error {
	if err := regular.RequireOwnFolder(path); err != nil {
		return marketops.RefuseErr(regular.CodeOf(err, marketops.StateMissing), StateName, err)
	}
	return nil
}

// Memory is where a user keeps what no operator may take back: the newest checkpoint and trust
// version seen. It lies outside .marketops.
func Memory() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "marketops"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &marketops.Failure{Code: marketops.StateMissing, What: "no home folder to remember checkpoints in", Err: err,
			Next: "set HOME or XDG_STATE_HOME"}
	}
	return filepath.Join(home, ".local", "state", "marketops"), nil
}

// CoreAddress is flag, environment, file, default. The environment may name the Core because its
// answers are verified against trust.json. A relative socket path of flag and environment is one of the current folder; that of a
// run's run.json is relative to the project's folder, which holds .marketops.
func (e *Env) CoreAddress(state, fromFile string) (string, error) {
	for _, a := range []string{e.CoreFlag, os.Getenv("MARKETOPS_CORE")} {
		if a != "" {
			return a, nil
		}
	}
	switch {
	case fromFile == "":
		fromFile = filepath.Join(state, "core.sock")
	case strings.Contains(fromFile, "://"):
		return fromFile, nil
	case !filepath.IsAbs(fromFile):
		fromFile = filepath.Join(filepath.Dir(state), fromFile)
	}
	return config.SocketPath(fromFile, os.Getenv("XDG_RUNTIME_DIR"))
}

// LoadTrust reads the trust file of the flag, or that of the state folder.
func (e *Env) LoadTrust(state string) (*trust.Trust, error) {
	path := e.TrustFlag
	if path == "" {
		path = filepath.Join(state, "trust.json")
	}
	data, err := regular.ReadOwned(path, trust.MaxTrust)
	if err != nil {
		return nil, marketops.RefuseErr(regular.CodeOf(err, marketops.TrustMissing), path, err)
	}
	t, err := trust.Parse(data)
	if err != nil {
		return nil, foreign.TrustFile(path, data, err)
	}
	return t, nil
}

// LoadKey loads a private key. A passphrase comes from the environment or from a prompt.
func (e *Env) LoadKey(ref string) (crypto.Signer, error) {
	return signer.Load(ref, signer.FromEnvironmentOr(e.In, e.Err))
}

// KeyPath is a key of the state folder unless the user named one.
func KeyPath(state, flag, name string) string {
	if flag != "" {
		return flag
	}
	return filepath.Join(state, "keys", name+".pem")
}

// Absolute returns path from the root of the file system, or as it is if the current folder is
// unknown.
func Absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

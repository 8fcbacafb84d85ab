package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/config"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/receipt/trust"
)

// stateName is the folder that holds a project's state, found like git finds its own.
const stateName = ".marketops"

// findState returns the nearest .marketops upward from the current folder.
func findState() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, stateName)
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", &marketops.Failure{Code: marketops.StateMissing, What: "no " + stateName + " folder here or above"}
		}
		dir = parent
	}
}

// session is one command's connection: state folder, trust, Core and its own view of the log.
type session struct {
	*globals
	state string
	trust *trust.Trust
	core  *api.Client
	view  *view.View
	by    crypto.Signer
}

// connect opens a session; key names the private key for signed calls, "" for reading only.
// fromFile is the core: setting of a marketops.yaml, if the command has read one.
func (g *globals) connect(key, fromFile string) (*session, error) {
	state, err := findState()
	if err != nil {
		return nil, err
	}
	s := &session{globals: g, state: state}
	if s.trust, err = g.loadTrust(state); err != nil {
		return nil, err
	}
	if key != "" {
		if s.by, err = g.loadKey(key); err != nil {
			return nil, err
		}
	}
	address, err := g.coreAddress(state, fromFile)
	if err != nil {
		return nil, err
	}
	logs := s.trust.Log().Logs()
	if s.core, err = api.Dial(address, logs[len(logs)-1].Name, s.by, now); err != nil {
		return nil, err
	}
	memory, err := memoryDir()
	if err != nil {
		return nil, err
	}
	s.view = view.New(s.core, s.trust.Log(), filepath.Join(memory, "checkpoints"))
	return s, s.rememberTrust(filepath.Join(memory, "trust"))
}

// coreAddress is flag, environment, file, default. The environment may name the Core because
// its answers are verified against trust.json.
func (g *globals) coreAddress(state, fromFile string) (string, error) {
	for _, a := range []string{g.core, os.Getenv("MARKETOPS_CORE"), fromFile} {
		if a != "" {
			return a, nil
		}
	}
	return config.SocketPath(filepath.Join(state, "core.sock"), os.Getenv("XDG_RUNTIME_DIR"))
}

func (g *globals) loadTrust(state string) (*trust.Trust, error) {
	path := g.trust
	if path == "" {
		path = filepath.Join(state, "trust.json")
	}
	return readTrust(path)
}

func readTrust(path string) (*trust.Trust, error) {
	data, err := readBounded(path, trust.MaxTrust)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.TrustMissing, path, err)
	}
	return trust.Parse(data)
}

// rememberTrust refuses a trust file that is older than one that this user has gone by for the
// same log.
func (s *session) rememberTrust(dir string) error {
	seen, err := highest(dir, s.trust.Log().Logs()[0].Vkey, s.trust.Version())
	if err != nil {
		return err
	}
	if seen > s.trust.Version() {
		return marketops.Refuse(marketops.TrustRolledBack, "trust.json is older than one that was used before")
	}
	return nil
}

func (g *globals) loadKey(ref string) (crypto.Signer, error) {
	return signer.Load(ref, signer.FromEnvironmentOr(g.In, g.Err))
}

// keyPath is a key of the state folder unless the user named one.
func keyPath(state, flag, name string) string {
	if flag != "" {
		return flag
	}
	return filepath.Join(state, "keys", name+".pem")
}

// memoryDir is where a user keeps what no operator may take back: the newest checkpoint and
// trust version seen. It lies outside .marketops.
func memoryDir() (string, error) {
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

// readBounded reads a regular file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, errors.Join(fs.ErrInvalid, errors.New("not a regular file, or larger than it may be"))
	}
	return os.ReadFile(path)
}

//go:build unix

package env_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/test/clitest"
)

// TestOwnState: a state folder or a trust file that others can write is refused; closed to them it is taken.
func TestOwnState(t *testing.T) {
	dir := clitest.Enter(t)
	clitest.Write(t, dir, ".marketops/trust.json", []byte("{}"))
	state, file := filepath.Join(dir, ".marketops"), filepath.Join(dir, ".marketops", "trust.json")
	e := env.New(&cli.Streams{})
	for _, c := range []struct {
		folder, file os.FileMode
		state, trust bool // whether it is refused
	}{{0o700, 0o600, false, false}, {0o755, 0o644, false, false}, {0o770, 0o600, true, false}, {0o703, 0o600, true, false}, {0o700, 0o660, false, true}, {0o700, 0o602, false, true}} {
		if os.Chmod(state, c.folder) != nil || os.Chmod(file, c.file) != nil {
			t.Fatal("chmod")
		}
		if _, err := env.State(); (marketops.CodeOf(err) == marketops.FileUnsafe) != c.state {
			t.Errorf("%+v: %v", c, err)
		}
		if _, err := e.LoadTrust(state); (marketops.CodeOf(err) == marketops.FileUnsafe) != c.trust || err == nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

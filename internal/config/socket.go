package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
)

// SocketPath returns the absolute path to listen on or to dial for a unix socket at path.
// A path longer than [MaxSocketPath] bytes becomes marketops-<hash>.sock in runtimeDir (the
// caller's $XDG_RUNTIME_DIR), or [marketops.ConfigInvalid] if that is empty, relative or too long itself.
func SocketPath(path, runtimeDir string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", marketops.RefuseErr(marketops.ConfigInvalid, fmt.Sprintf("socket %q", path), err)
	}
	if len(abs) <= MaxSocketPath {
		return abs, nil
	}
	place := abs
	if dir, err := regular.Resolve(filepath.Dir(abs)); err == nil {
		place = filepath.Join(dir, filepath.Base(abs))
	}
	sum := sha256.Sum256([]byte(place))
	short := filepath.Join(runtimeDir, "marketops-"+hex.EncodeToString(sum[:8])+".sock")
	if !filepath.IsAbs(runtimeDir) || len(short) > MaxSocketPath {
		return "", &marketops.Refusal{
			Code: marketops.ConfigInvalid,
			What: fmt.Sprintf("socket path %s has %d bytes, the limit is %d, and XDG_RUNTIME_DIR names no folder with room for it", abs, len(abs), MaxSocketPath),
			Next: "use a shorter path, or set XDG_RUNTIME_DIR",
		}
	}
	return short, nil
}

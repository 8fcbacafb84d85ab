package env

import (
	"os"
	"slices"
	"strings"

	"github.com/omega/marketops/internal/config"
)

// proxies are ignored by every client of this module; they are here to be named.
var proxies = []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}

// WarnIgnored names the variables that a user may think are in force. That something else names the very
// GitHub of the file is not worth a line.
func (e *Env) WarnIgnored(gh config.GitHub) {
	names := slices.Clone(e.ignored)
	for _, name := range proxies {
		for _, n := range []string{name, strings.ToLower(name)} {
			if os.Getenv(n) != "" {
				names = append(names, n)
			}
		}
	}
	if v := os.Getenv("GITHUB_API_URL"); v != "" && (config.GitHub{API: v}).Host() != gh.Host() {
		names = append(names, "GITHUB_API_URL")
	}
	if v := os.Getenv("GH_HOST"); v != "" && v != string(gh.Host()) {
		names = append(names, "GH_HOST")
	}
	if len(names) > 0 {
		e.Say("warning: %s: ignored; where GitHub is, and which certificates it has, is said in marketops.yaml alone", strings.Join(names, ", "))
	}
}

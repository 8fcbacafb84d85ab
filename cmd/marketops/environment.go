package main

import (
	"os"
	"slices"
	"strings"

	"github.com/omega/marketops/internal/config"
)

// certificates are what Go's own TLS reads from the environment, on Linux: whoever sets them chooses
// whom the write credential is sent to.
var certificates = []string{"SSL_CERT_FILE", "SSL_CERT_DIR"}

// proxies are ignored by every client of this module; they are here to be named.
var proxies = []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}

// ignoreCertificates takes away what a library would obey by itself, before it can, and says what
// was set.
func ignoreCertificates() (set []string) {
	for _, name := range certificates {
		if os.Getenv(name) != "" {
			set = append(set, name)
			os.Unsetenv(name)
		}
	}
	return set
}

// sayIgnored names the variables that a user may think are in force. That something else names the very
// GitHub of the file is not worth a line.
func (g *globals) sayIgnored(gh config.GitHub) {
	names := slices.Clone(g.ignored)
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
	if v := os.Getenv("GH_HOST"); v != "" && v != gh.Host() {
		names = append(names, "GH_HOST")
	}
	if len(names) > 0 {
		g.Say("warning: %s: ignored; where GitHub is, and which certificates it has, is said in marketops.yaml alone", strings.Join(names, ", "))
	}
}

//go:build mutant_host

package mutant

// Host: the credential goes to any host, wherever a redirect leads.
const Host = true

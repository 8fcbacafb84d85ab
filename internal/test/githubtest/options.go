package githubtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

// Options say what a practice GitHub is made of. The zero value is refused: Dir is needed.
type Options struct {
	Dir    string  // holds the bare repositories and the asset bytes; it must exist
	Tokens []Token // nobody else but Apps may write or see anything private
	Apps   []App   // whose keys mint tokens
	Listen Listen  // zero: any free port of 127.0.0.1

	// Now is the server's clock; nil is the machine's. A test that compares dates sets it.
	Now func() time.Time

	// PrimaryLimit is the number of requests a token has per hour; 0 is GitHub's 5000.
	// The first request beyond it is answered 403 until the hour is over.
	PrimaryLimit int
}

// Listen names the addresses of the three origins, "127.0.0.1:0" style. Empty is any free
// port. An address that is not loopback is refused.
type Listen struct{ API, Uploads, Store string }

// Token is a credential the server knows.
type Token struct {
	Secret string   // the value behind "Bearer "; at least 8 characters
	Login  string   // whose it is; the author of everything done with it
	Push   bool     // may write, and see drafts
	Repos  []string // "owner/name", or "*" for every repository; empty opens nothing but public reads
	Scopes []string // of a classic token, which writes with repo or, to a public repository, public_repo; nil for another kind

	NoWorkflows bool // a fine-grained token without Workflows: write

	minted *minted // of a token that an App minted: what it is narrowed to, instead of Push and Repos
}

func (o Options) check() error {
	if fi, err := os.Stat(o.Dir); err != nil || !fi.IsDir() {
		return fmt.Errorf("githubtest: Options.Dir %q is not a directory", o.Dir)
	}
	for _, t := range o.Tokens {
		if len(t.Secret) < 8 || t.Login == "" {
			return errors.New("githubtest: a token needs a login and a secret of at least 8 characters")
		}
	}
	for _, a := range o.Apps {
		if err := a.check(); err != nil {
			return err
		}
	}
	return nil
}

func (t *Token) reaches(repo *Repo) bool {
	if t == nil {
		return false
	}
	if t.minted != nil {
		return slices.Contains(t.minted.repositories, repo.spec.ID)
	}
	return listed(t.Repos, repo.FullName())
}

// scoped reports whether a classic token has the scope to write to a repository; other tokens have no scopes.
func (t *Token) scoped(repo *Repo) bool {
	return t == nil || t.Scopes == nil || slices.Contains(t.Scopes, "repo") || slices.Contains(t.Scopes, "public_repo") && !repo.spec.Private
}

// may reports whether the token has a permission in a repository that it reaches.
func (t *Token) may(subject, access string) bool {
	if t == nil {
		return false
	}
	if t.minted == nil {
		return access == "read" || t.Push
	}
	has := t.minted.permissions[subject]
	return has == "write" || has == access
}

func listed(repos []string, fullName string) bool {
	for _, r := range repos {
		if r == "*" || strings.EqualFold(r, fullName) {
			return true
		}
	}
	return false
}

// listen opens a loopback listener and nothing else: this server answers with whatever
// rights its callers claim, so it must not be reachable from another machine.
func listen(address string) (net.Listener, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("githubtest: address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("githubtest: address %q is not a loopback address", address)
	}
	return net.Listen("tcp", address)
}

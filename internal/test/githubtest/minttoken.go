package githubtest

import (
	"crypto/subtle"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const mintOperation = "apps/create-installation-access-token"

// minted is what a token of an App is narrowed to.
type minted struct {
	repositories []int64
	permissions  map[string]string
	expires      time.Time
}

// String is "1001 contents=write metadata=read"; empty for nil.
func (m *minted) String() string {
	if m == nil {
		return ""
	}
	var words []string
	for _, id := range m.repositories {
		words = append(words, fmt.Sprint(id))
	}
	for _, subject := range slices.Sorted(maps.Keys(m.permissions)) {
		words = append(words, subject+"="+m.permissions[subject])
	}
	return strings.Join(words, " ")
}

// denied is how GitHub says that a token lacks a right.
func (t *Token) denied() string {
	if t != nil && t.minted != nil {
		return wordsNoScope
	}
	return wordsNoPush
}

// mint keeps the tokens of all Apps.
type mint struct {
	mu     sync.Mutex
	tokens []*Token
}

func (m *mint) add(t *Token) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tokens = append(m.tokens, t)
}

// find returns the token of a secret unless its time is over.
func (m *mint) find(secret string, now time.Time) *Token {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.tokens {
		if subtle.ConstantTimeCompare([]byte(t.Secret), []byte(secret)) == 1 && now.Before(t.minted.expires) {
			return t
		}
	}
	return nil
}

// MintedTokens returns the secrets of all tokens so far, so that a test can look for them where
// they must not be.
func (s *Server) MintedTokens() []string {
	s.mint.mu.Lock()
	defer s.mint.mu.Unlock()
	var out []string
	for _, t := range s.mint.tokens {
		out = append(out, t.Secret)
	}
	return out
}

// narrowing is the body of a request for a token. What it leaves out is the whole installation's.
type narrowing struct {
	Repositories  []string          `json:"repositories"`
	RepositoryIDs []int64           `json:"repository_ids"`
	Permissions   map[string]string `json:"permissions"`
}

func mintToken(c *call) answer {
	if c.id("installation_id") != c.app.Installation {
		return c.notFound()
	}
	var asked narrowing
	c.decode(&asked)
	covered, narrowed, found := c.cover(asked)
	if !found {
		return c.unprocessable(wordsNotInstalled)
	}
	permissions, granted := c.app.grant(asked.Permissions)
	if !granted {
		return c.unprocessable(wordsNotGranted)
	}
	t := &Token{Secret: "ghs_" + randomHex(18), Login: c.app.Slug + "[bot]", minted: &minted{
		permissions: permissions, expires: c.server.now().Add(c.app.lifetime()),
	}}
	body := object{"token": t.Secret, "expires_at": stamp(t.minted.expires), "permissions": permissions, "repository_selection": "all"}
	var shown []object
	for _, repo := range covered {
		t.minted.repositories = append(t.minted.repositories, repo.spec.ID)
		as := *c
		as.repo, as.token, as.push = repo, t, t.may("contents", "write")
		shown = append(shown, as.repoJSON())
	}
	if narrowed {
		body["repository_selection"], body["repositories"] = "selected", shown
	}
	c.server.mint.add(t)
	return answer{status: http.StatusCreated, body: body}
}

// cover finds the repositories that are asked for; narrowed is false if none is named.
func (c *call) cover(asked narrowing) (covered []*Repo, narrowed, found bool) {
	narrowed = len(asked.Repositories)+len(asked.RepositoryIDs) > 0
	wanted := 0
	for _, id := range slices.Sorted(maps.Keys(c.server.byID)) {
		repo := c.server.byID[id]
		named := slices.Contains(asked.RepositoryIDs, id) || slices.Contains(asked.Repositories, repo.spec.Name)
		if !listed(c.app.Repos, repo.FullName()) || narrowed && !named {
			continue
		}
		covered = append(covered, repo)
		wanted++
	}
	return covered, narrowed, !narrowed || wanted == len(asked.Repositories)+len(asked.RepositoryIDs)
}

// grant narrows the installation's permissions. Every App may read metadata.
func (a *App) grant(asked map[string]string) (map[string]string, bool) {
	out := map[string]string{"metadata": "read"}
	if len(asked) == 0 {
		asked = a.Permissions
	}
	for subject, access := range asked {
		has := a.Permissions[subject]
		if has != "write" && has != access && !(subject == "metadata" && access == "read") {
			return nil, false
		}
		out[subject] = access
	}
	return out, true
}

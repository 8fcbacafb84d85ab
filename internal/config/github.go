package config

import (
	"crypto/x509"
	"errors"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
)

// GitHub says where GitHub is and what the credentials are called.
type GitHub struct {
	API       string `yaml:"api"`        // ends in a slash
	Uploads   string `yaml:"uploads"`    // ends in a slash
	Token     string `yaml:"token"`      // the write credential: a reference for [ReadSecret]
	ReadToken string `yaml:"read_token"` // never the same reference as Token
	App       *App   `yaml:"app"`        // a GitHub App in place of Token, which is then ""
	CA        string `yaml:"ca"`         // certificates in PEM, relative to the file; "" is the system's list

	// Roots are the certificates of CA, the only ones that this GitHub is believed by; nil is the system's
	// list. [Load] reads them, [Parse] does not.
	Roots *x509.CertPool `yaml:"-"`
}

// App is a GitHub App and one installation of it.
type App struct {
	ID           int    `yaml:"id"`
	Installation int    `yaml:"installation"`
	Key          string `yaml:"key"` // the App's private key: a reference for [ReadKey]
}

const apiGitHub = "api.github.com" // operations call it github.com

// What a file that does not say means.
const (
	defaultAPI       = "https://api.github.com/"
	defaultUploads   = "https://uploads.github.com/"
	defaultToken     = "env://GITHUB_TOKEN"
	defaultReadToken = "env://MARKETOPS_READ_TOKEN"
)

// DefaultGitHub returns github.com with the usual names of the credentials.
func DefaultGitHub() GitHub {
	return GitHub{API: defaultAPI, Uploads: defaultUploads, Token: defaultToken, ReadToken: defaultReadToken}
}

// Host returns the name under which operations know this GitHub: "github.com" for
// api.github.com, else the API's host, with a port where the URL has one that is not the
// scheme's own. It is "" for an address that [Parse] would refuse.
func (g GitHub) Host() marketops.Host {
	u, err := baseURL(g.API)
	if err != nil {
		return ""
	}
	return hostOf(u)
}

// hostOf returns "" where a host is not written in its one spelling.
func hostOf(u *url.URL) marketops.Host {
	if u.Host == apiGitHub {
		return "github.com"
	}
	h, _ := marketops.ParseHost(u.Host)
	return h
}

// check fills what the file leaves out. The two addresses go together: a default for one
// of them would send assets and token to a GitHub that the file does not name.
func (g *GitHub) check(d *document) error {
	def, has := DefaultGitHub(), d.entries("github")
	_, api := has["api"]
	_, uploads := has["uploads"]
	if api != uploads {
		return invalid(d.name, d.at("github"), "github.api and github.uploads go together: name both or neither")
	}
	for _, f := range []struct {
		key     string
		value   *string
		def     string
		address bool
	}{
		{"api", &g.API, def.API, true}, {"uploads", &g.Uploads, def.Uploads, true},
		{"token", &g.Token, def.Token, false}, {"read_token", &g.ReadToken, def.ReadToken, false},
	} {
		if _, ok := has[f.key]; !ok {
			if f.key == "token" && g.App != nil {
				continue
			}
			*f.value = f.def
		}
		if err := checkMember(d, f.key, f.value, f.address); err != nil {
			return err
		}
	}
	if err := g.checkApp(d); err != nil {
		return err
	}
	if g.Token == g.ReadToken || g.App != nil && g.App.Key == g.ReadToken {
		return invalid(d.name, d.at("github"), "github.token or github.app.key and github.read_token name one secret: planning would read the write credential")
	}
	return nil
}

// readRoots reads the file of github.ca; nil is the system's list.
func readRoots(dir, path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	text, err := regular.ReadPath(path, MaxFile)
	if err != nil {
		return nil, invalid(path, 0, reason(err))
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, invalid(path, 0, "github.ca: there is no certificate in PEM")
	}
	return roots, nil
}

// checkApp wants all three members, and one write credential: of two, which one acts would be
// a guess.
func (g *GitHub) checkApp(d *document) error {
	_, token := d.entries("github")["token"]
	switch {
	case g.App == nil:
		return nil
	case token:
		return invalid(d.name, d.at("github", "app"), "github.app and github.token are two write credentials: name one")
	case g.App.ID <= 0 || g.App.Installation <= 0:
		return invalid(d.name, d.at("github", "app"), "github.app needs id and installation, the two numbers that GitHub shows")
	}
	if err := checkSecretRef(g.App.Key); err != nil {
		return invalid(d.name, d.at("github", "app", "key"), "github.app.key: "+err.Error())
	}
	return nil
}

func checkMember(d *document, key string, value *string, address bool) error {
	at := d.at("github", key)
	if !address {
		if err := checkSecretRef(*value); err != nil {
			return invalid(d.name, at, "github."+key+": "+err.Error())
		}
		return nil
	}
	u, err := baseURL(*value)
	if err != nil {
		return invalid(d.name, at, "github."+key+": "+err.Error())
	}
	*value = u.String()
	return nil
}

// BaseURL reads an address that is https, or http to loopback, and has a path at most; the path
// ends in a slash.
func BaseURL(s string) (*url.URL, error) { return baseURL(s) }

// baseURL reads an address and brings it into its one form. Its errors do not quote the
// address, which may hold a password.
func baseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		return nil, errors.New("want an address such as https://ghe.example.com/api/v3/")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.ContainsAny(s, "?#") {
		return nil, errors.New("an address has no user, query or fragment here")
	}
	if strings.ContainsAny(u.EscapedPath(), "%\\") || strings.Contains(u.Path, "..") || strings.Contains(u.Path, "//") {
		return nil, errors.New("the path of the address is not plain")
	}
	if err := checkOrigin(u); err != nil {
		return nil, err
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

var schemePorts = map[string]string{"https": "443", "http": "80"}

func checkOrigin(u *url.URL) error {
	u.Host = strings.ToLower(u.Host)
	own, known := schemePorts[u.Scheme]
	if !known {
		return errors.New("want https (http to loopback only)")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return errors.New("plain http goes to loopback only: want https")
	}
	if p := u.Port(); p != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != p {
			return errors.New("the port is not a number from 1 to 65535")
		}
		if p == own {
			u.Host = strings.TrimSuffix(u.Host, ":"+own)
		}
	}
	if u.Host == apiGitHub {
		return nil
	}
	_, err := marketops.ParseHost(u.Host)
	return err
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Zone() == "" && a.IsLoopback() && !a.Is4In6()
}

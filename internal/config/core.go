package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/regular"
)

// Core is core.yaml, checked. Paths are relative to the state folder until [Core.In].
type Core struct {
	Version int    `yaml:"version"`
	Origin  string `yaml:"origin"` // bare host name; the log's name for ever

	Log     string `yaml:"log"`     // folder
	Records string `yaml:"records"` // folder
	Claims  string `yaml:"claims"`  // database file
	Policy  string `yaml:"policy"`  // folder
	Trust   string `yaml:"trust"`   // file
	Keys    Keys   `yaml:"keys"`

	Listen  Listen     `yaml:"listen"`
	Observe Observe    `yaml:"observe"`
	GitHub  CoreGitHub `yaml:"github"`
	Limits  Limits     `yaml:"limits"`

	ReceiptLifetime time.Duration `yaml:"receipt_lifetime"` // above 1 min, to 24 h
	Lease           time.Duration `yaml:"lease"`            // 10 s to 15 min, below ReceiptLifetime

	Path string `yaml:"-"` // as it was given to LoadCore
}

// Keys are the daemon's four private keys, all distinct: paths or env://NAME.
type Keys struct {
	Authority  string `yaml:"authority"`
	Advisory   string `yaml:"advisory"`
	Ledger     string `yaml:"ledger"`
	Checkpoint string `yaml:"checkpoint"`
}

// Listen is where the daemon answers: a unix socket always, and TCP with a certificate.
type Listen struct {
	Unix string `yaml:"unix"` // path; see [SocketPath]
	TCP  string `yaml:"tcp"`  // host:port; "" is off
	Cert string `yaml:"cert"` // PEM file
	Key  string `yaml:"key"`  // PEM file

	Records Records `yaml:"records"` // who may read single records over TCP
}

// Records says whose keys open the record store over TCP. The zero value is invalid.
type Records string

// The two ways.
const (
	RecordsListed Records = "listed" // the keys of trust.json that may read the record's run
	RecordsPublic Records = "public" // no key is asked for; runs, claims and evidence stay listed
)

// Observe says whether the Core reads GitHub itself. The zero value is invalid.
type Observe string

// The two ways.
const (
	ObserveNone   Observe = "none"
	ObserveGitHub Observe = "github"
)

// CoreGitHub is where the Core reads GitHub, and with which credential.
type CoreGitHub struct {
	API       string `yaml:"api"`
	ReadToken string `yaml:"read_token"` // a reference for [ReadSecret]
	CA        string `yaml:"ca"`         // certificates in PEM; "" is the system's list

	// Roots are the certificates of CA, the only ones that this GitHub is believed by; nil is the system's
	// list. [LoadCore] reads them, [ParseCore] does not.
	Roots *x509.CertPool `yaml:"-"`
}

// Host is as [GitHub.Host].
func (g CoreGitHub) Host() marketops.Host { return GitHub{API: g.API}.Host() }

// Limits bound what the Core takes on; each is at least 1.
type Limits struct {
	MaxReceiptsPerRepository int `yaml:"max_receipts_per_repository"` // live at one time
	MaxSubmissionsPerDay     int `yaml:"max_submissions_per_day"`
	MaxSubmissionsPerPerson  int `yaml:"max_submissions_per_person"` // a day
	MaxOperationsPerPlan     int `yaml:"max_operations_per_plan"`
}

// DefaultCore returns a complete configuration for one machine.
func DefaultCore(origin string) Core {
	return Core{
		Version: 1, Origin: origin,
		Log: "log", Records: "records", Claims: "claims.db", Policy: "policy", Trust: "trust.json",
		Keys: Keys{
			Authority: "keys/authority.pem", Advisory: "keys/advisory.pem",
			Ledger: "keys/ledger.pem", Checkpoint: "keys/checkpoint.pem",
		},
		Listen:  Listen{Unix: "core.sock", Records: RecordsListed},
		Observe: ObserveNone,
		GitHub:  CoreGitHub{API: defaultAPI, ReadToken: defaultReadToken},
		Limits:  Limits{MaxReceiptsPerRepository: 20, MaxSubmissionsPerDay: 500, MaxSubmissionsPerPerson: 100, MaxOperationsPerPlan: 100},

		ReceiptLifetime: 2 * time.Hour,
		Lease:           2 * time.Minute,
	}
}

// LoadCore reads and checks a core.yaml; members that it leaves out are those of
// [DefaultCore], except version and origin. Errors are as those of [Load], and
// [marketops.FileUnsafe] for a file that another user can write.
func LoadCore(path string) (*Core, error) {
	data, err := regular.ReadOwned(path, MaxFile)
	if errors.Is(err, marketops.FileUnsafe) {
		return nil, marketops.RefuseErr(marketops.FileUnsafe, path, err)
	}
	if err != nil {
		return nil, invalid(path, 0, reason(err))
	}
	c, err := ParseCore(path, data)
	if err != nil {
		return nil, err
	}
	if c.GitHub.Roots, err = readRoots(filepath.Dir(path), c.GitHub.CA); err != nil {
		return nil, err
	}
	return c, nil
}

// ParseCore is [LoadCore] of bytes; name is used in errors.
func ParseCore(name string, data []byte) (*Core, error) {
	c := DefaultCore("")
	c.Version, c.Path = 0, name
	d, err := decode(name, data, &c)
	if err != nil {
		return nil, err
	}
	for _, check := range []func(*document) error{
		c.checkIdentity, c.checkPaths, c.checkListen, c.checkObserve, c.checkLimits, c.checkTimes,
	} {
		if err := check(d); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

var (
	originRE = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?)*$`)
	driveRE  = regexp.MustCompile(`^[A-Za-z]:`)
)

func (c *Core) checkIdentity(d *document) error {
	if c.Version != 1 {
		return invalid(d.name, d.at("version"), fmt.Sprintf("version is %d, want 1", c.Version))
	}
	if len(c.Origin) > 253 || !originRE.MatchString(c.Origin) {
		return invalid(d.name, d.at("origin"), "origin: want a bare host name in lower case, such as log.example.com")
	}
	return nil
}

func (c *Core) checkPaths(d *document) error {
	for key, p := range map[string]string{
		"log": c.Log, "records": c.Records, "claims": c.Claims, "policy": c.Policy, "trust": c.Trust,
	} {
		if err := checkStatePath(p); err != nil {
			return invalid(d.name, d.at(key), key+": "+err.Error())
		}
	}
	seen := map[string]string{}
	for key, p := range map[string]string{
		"authority": c.Keys.Authority, "advisory": c.Keys.Advisory, "ledger": c.Keys.Ledger, "checkpoint": c.Keys.Checkpoint,
	} {
		if err := checkKeyRef(p); err != nil {
			return invalid(d.name, d.at("keys", key), "keys."+key+": "+err.Error())
		}
		if other, twice := seen[filepath.Clean(p)]; twice {
			return invalid(d.name, d.at("keys"), fmt.Sprintf("keys.%s and keys.%s are one key: the four must be distinct", min(key, other), max(key, other)))
		}
		seen[filepath.Clean(p)] = key
	}
	return nil
}

// checkStatePath accepts a path below the state folder or an absolute one.
func checkStatePath(p string) error {
	switch {
	case p == "":
		return errors.New("is empty")
	case filepath.IsAbs(p) && filepath.Clean(p) == p:
		return nil
	case !filepath.IsLocal(p) || p == "." || strings.ContainsAny(p, "\n\x00\\") || driveRE.MatchString(p):
		return errors.New("want a path below the state folder, or an absolute one")
	}
	return nil
}

func checkKeyRef(ref string) error {
	name, env := strings.CutPrefix(ref, "env://")
	switch {
	case tokenRE.MatchString(ref):
		return errLiteral
	case env && envNameRE.MatchString(name):
		return nil
	case strings.Contains(ref, "://"):
		return errors.New("want a path or env://NAME")
	}
	return checkStatePath(ref)
}

func (c *Core) checkListen(d *document) error {
	l := c.Listen
	if err := checkStatePath(l.Unix); err != nil {
		return invalid(d.name, d.at("listen", "unix"), "listen.unix: "+err.Error())
	}
	if (l.TCP != "") != (l.Cert != "") || (l.Cert != "") != (l.Key != "") {
		return invalid(d.name, d.at("listen"), "listen: tcp, cert and key go together; there is no TCP without TLS")
	}
	if l.Records != RecordsListed && l.Records != RecordsPublic {
		return invalid(d.name, d.at("listen", "records"), "listen.records: want listed or public")
	}
	if l.TCP == "" {
		return nil
	}
	if u, err := url.Parse("//" + l.TCP); err != nil || u.Host != l.TCP || u.Hostname() == "" || u.Port() == "" {
		return invalid(d.name, d.at("listen", "tcp"), "listen.tcp: want host:port")
	}
	for key, p := range map[string]string{"cert": l.Cert, "key": l.Key} {
		if err := checkStatePath(p); err != nil {
			return invalid(d.name, d.at("listen", key), "listen."+key+": "+err.Error())
		}
	}
	return nil
}

func (c *Core) checkObserve(d *document) error {
	if c.Observe != ObserveNone && c.Observe != ObserveGitHub {
		return invalid(d.name, d.at("observe"), "observe: want none or github")
	}
	if err := checkMember(d, "api", &c.GitHub.API, true); err != nil {
		return err
	}
	if err := checkStatePath(c.GitHub.CA); c.GitHub.CA != "" && err != nil {
		return invalid(d.name, d.at("github", "ca"), "github.ca: "+err.Error())
	}
	return checkMember(d, "read_token", &c.GitHub.ReadToken, false)
}

func (c *Core) checkLimits(d *document) error {
	for key, n := range map[string]int{
		"max_receipts_per_repository": c.Limits.MaxReceiptsPerRepository,
		"max_submissions_per_day":     c.Limits.MaxSubmissionsPerDay,
		"max_submissions_per_person":  c.Limits.MaxSubmissionsPerPerson,
		"max_operations_per_plan":     c.Limits.MaxOperationsPerPlan,
	} {
		if n < 1 || n > 1_000_000 {
			return invalid(d.name, d.at("limits", key), fmt.Sprintf("limits.%s is %d, want 1 to 1000000", key, n))
		}
	}
	return nil
}

const minLease = 10 * time.Second

func (c *Core) checkTimes(d *document) error {
	if c.ReceiptLifetime <= time.Minute || c.ReceiptLifetime > 24*time.Hour || c.ReceiptLifetime%time.Second != 0 {
		return invalid(d.name, d.at("receipt_lifetime"), fmt.Sprintf("receipt_lifetime is %s, want more than 1m, for clocks may differ by one, and at most 24h, in whole seconds", c.ReceiptLifetime))
	}
	if c.Lease < minLease || c.Lease > 15*time.Minute || c.Lease%time.Second != 0 {
		return invalid(d.name, d.at("lease"), fmt.Sprintf("lease is %s, want %s to 15m in whole seconds", c.Lease, minLease))
	}
	if c.Lease >= c.ReceiptLifetime {
		return invalid(d.name, d.at("lease"), "lease must be shorter than receipt_lifetime")
	}
	return nil
}

// In returns c with every relative path joined to the state folder.
func (c Core) In(state string) Core {
	for _, p := range []*string{
		&c.Log, &c.Records, &c.Claims, &c.Policy, &c.Trust,
		&c.Keys.Authority, &c.Keys.Advisory, &c.Keys.Ledger, &c.Keys.Checkpoint,
		&c.Listen.Unix, &c.Listen.Cert, &c.Listen.Key,
	} {
		if *p != "" && !filepath.IsAbs(*p) && !strings.HasPrefix(*p, "env://") {
			*p = filepath.Join(state, filepath.FromSlash(*p))
		}
	}
	return c
}

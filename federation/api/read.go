package api

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/log"
)

// Limits of what is read of one run.
const (
	MaxPage       = 1000         // records of one page
	maxRunRecords = 200_000      // of a run
	maxRunBytes   = 16 * MaxBody // of its envelopes together
)

// Page is a part of the records of a run: at most Limit of them, from an index of the log on.
type Page struct {
	From  uint64
	Limit int // 1 to [MaxPage]
}

// Option changes a client that [Dial] returns.
type Option func(*Client, *http.Transport)

// ReadWith has reads over https signed by a key of their own. Without one they are signed by the key of the calls.
func ReadWith(by crypto.Signer) Option {
	return func(c *Client, _ *http.Transport) { c.reader = by }
}

// Roots are the only certificates that an https Core is believed by; nil is the system's list.
func Roots(pool *x509.CertPool) Option {
	return func(_ *Client, t *http.Transport) { t.TLSClientConfig.RootCAs = pool }
}

// signer returns who signs a call; nil for a read that goes unsigned. The log itself is public. The unix socket asks no
// key of a read; there a caller who has one signs what it acts upon, so that the answer is signed.
func (c *Client) signer(method, path string) crypto.Signer {
	switch {
	case method != http.MethodGet:
		return c.by
	case path == "/"+log.CheckpointPath, strings.HasPrefix(path, "/tile/"):
		return nil
	case !strings.HasPrefix(c.base, "https://"):
		if strings.HasPrefix(path, "/v1/claims/") || strings.HasPrefix(path, "/v1/runs/") {
			return c.by
		}
		return nil
	case c.reader != nil:
		return c.reader
	}
	return c.by
}

// Owns reports whether an address is this Core's or lies below it.
func (c *Client) Owns(address string) bool {
	path, found := strings.CutPrefix(address, c.base)
	return found && (path == "" || path[0] == '/')
}

// SignRead returns the header for a read of an address below this Core's, and "" for any other: a signature goes to no
// stranger. It is "" too where reads go unsigned.
func (c *Client) SignRead(address string) (string, error) {
	path := strings.TrimPrefix(address, c.base)
	if !c.Owns(address) || path == "" {
		return "", nil
	}
	by := c.signer(http.MethodGet, path)
	if by == nil {
		return "", nil
	}
	header, _, err := c.sign(by, http.MethodGet+" "+path, nil)
	return header, err
}

// Records returns every record of a run, page by page. A run of more than 200,000 records, or 256 MiB, is refused as
// limit-reached.
func (c *Client) Records(ctx context.Context, run marketops.RunID) (RunRecords, error) {
	all, size := RunRecords{Run: run}, 0
	for more := true; more; {
		path := "/v1/runs/" + string(run)
		if n := len(all.Entries); n > 0 {
			path += fmt.Sprintf("?after=%d", all.Entries[n-1].Position.Index)
		}
		page, err := get[RunRecords](ctx, c, path)
		if err == nil {
			size, err = all.add(page, size)
		}
		if errors.Is(err, fs.ErrNotExist) && len(all.Entries) > 0 {
			err = brokenPages("the run is gone after the first page")
		}
		if err != nil {
			return RunRecords{}, err
		}
		more = page.More
	}
	return all, nil
}

// add takes a page that follows upon what is there already, and returns the size of all envelopes. Each page brings
// something, so that a Core cannot keep a reader for ever.
func (r *RunRecords) add(page RunRecords, size int) (int, error) {
	n := len(r.Entries)
	switch {
	case page.More && len(page.Entries) == 0:
		return 0, brokenPages("a page without records is not the last one")
	case n > 0 && len(page.Entries) > 0 && page.Entries[0].Position.Index <= r.Entries[n-1].Position.Index:
		return 0, brokenPages("a page does not follow the one before")
	}
	for _, e := range page.Entries {
		size += len(e.Envelope)
	}
	r.Entries = append(r.Entries, page.Entries...)
	if len(r.Entries) > maxRunRecords || size > maxRunBytes {
		return 0, marketops.Refuse(marketops.LimitReached, fmt.Sprintf("the run has more than %d records, or they are larger than %d bytes", maxRunRecords, maxRunBytes))
	}
	r.Adopted = append(r.Adopted, page.Adopted...)
	return size, nil
}

func brokenPages(what string) error {
	return &marketops.Failure{Code: marketops.CoreUnreachable, What: "the Core's answer to /v1/runs cannot be used: " + what}
}

package wire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/omega/marketops"
)

// maxAnswer bounds one answer in memory: a page of 100 releases with all their notes fits.
const maxAnswer = 64 << 20

// Exchange is one request and what came back, as the network saw it.
type Exchange struct {
	reached atomic.Bool // there was a connection: bytes may have left
	status  int         // 0: no answer
	header  http.Header
	body    []byte
	digest  marketops.Digest // of the whole body
	next    int              // the next page of a list, 0 if there is none
	err     error            // why there is no whole answer
	sink    *sink            // takes the body of a 200 instead of memory
	renewed bool             // the credential is already another than the one that was refused
}

type exchangeKey struct{}

func (x *Exchange) attach(ctx context.Context) context.Context {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { x.reached.Store(true) }})
	return context.WithValue(ctx, exchangeKey{}, x)
}

// recorder keeps every answer before go-github interprets it, and shows go-github only what it
// needs. It never learns of limits, or it would refuse by itself, for up to an hour and in
// GitHub's name; and never of a Location, so that there is nothing to follow.
type recorder struct{ base http.RoundTripper }

var errOutside = errors.New("a request outside the door")

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	x, ok := req.Context().Value(exchangeKey{}).(*Exchange)
	if !ok {
		return nil, errOutside
	}
	res, err := r.base.RoundTrip(req)
	if err != nil {
		x.err = err
		return nil, err
	}
	x.take(res)
	shown := http.Header{}
	for _, name := range []string{"Link", "Content-Type"} {
		shown[name] = res.Header[name]
	}
	return &http.Response{
		Status: res.Status, StatusCode: res.StatusCode, Proto: res.Proto, ProtoMajor: res.ProtoMajor, ProtoMinor: res.ProtoMinor,
		Header: shown, Body: io.NopCloser(bytes.NewReader(x.body)), ContentLength: int64(len(x.body)), Request: req,
	}, nil
}

// take reads the answer whole, or says in err why that failed.
func (x *Exchange) take(res *http.Response) {
	defer res.Body.Close()
	x.status, x.header = res.StatusCode, res.Header
	if x.sink != nil && res.StatusCode == http.StatusOK {
		x.err = x.sink.fill(res.Body)
		x.digest = x.sink.sum()
		return
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		x.err = fmt.Errorf("the answer broke off: %w", err)
	case len(body) > maxAnswer:
		x.err = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)
	}
	x.body, x.digest = body, sha256.Sum256(body)
}

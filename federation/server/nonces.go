package server

import (
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

const maxNonces = 1 << 16 // requests that are remembered at one time

// nonces remembers requests until they have expired.
type nonces struct {
	mu    sync.Mutex
	until map[string]marketops.Time
	swept marketops.Time
}

func (n *nonces) use(nonce string, until, now marketops.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.until == nil {
		n.until = map[string]marketops.Time{}
	}
	if now > n.swept || len(n.until) >= maxNonces {
		for k, t := range n.until {
			if t <= now {
				delete(n.until, k)
			}
		}
		n.swept = now + receipt.MaxRequestAge
	}
	if _, used := n.until[nonce]; used {
		return &marketops.Refusal{Code: marketops.Consumed, What: "this signed request was made before",
			State: "nothing was done", Next: "sign the call anew"}
	}
	if len(n.until) >= maxNonces {
		return marketops.Refuse(marketops.LimitReached, "too many calls within two minutes")
	}
	n.until[nonce] = until
	return nil
}

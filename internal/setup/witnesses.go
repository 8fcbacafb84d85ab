package setup

import (
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
)

// logPolicy is the C2SP tlog-policy of a new log. Two quorums of a majority have a witness in
// common, who would have to sign two histories for the log to fork; of fewer they need not, so
// a smaller quorum is not made here.
func (o Options) logPolicy(vkey string) (string, error) {
	text := "log " + vkey + "\n"
	n, k := len(o.Witnesses), o.Quorum
	if n == 0 {
		if k != 0 {
			return "", marketops.Refuse(marketops.ConfigInvalid, "a quorum without a witness")
		}
		return text + "quorum none\n", nil
	}
	if k == 0 {
		k = n/2 + 1
	}
	if k > n || 2*k <= n {
		return "", marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("a quorum of %d of %d witnesses: it must be more than half of them", k, n))
	}
	group, urls := fmt.Sprintf("group witnesses %d", k), map[string]bool{}
	for i, w := range o.Witnesses {
		f := strings.Fields(w)
		if len(f) != 2 || urls[strings.TrimRight(f[1], "/")] {
			return "", marketops.Refuse(marketops.ConfigInvalid, fmt.Sprintf("witness %.120q: want its verifier key and its own URL, with a space between", w))
		}
		urls[strings.TrimRight(f[1], "/")] = true
		text += fmt.Sprintf("witness w%d %s %s\n", i+1, f[0], f[1])
		group += fmt.Sprintf(" w%d", i+1)
	}
	text += group + "\nquorum witnesses\n"
	_, err := log.ParsePolicy(text)
	return text, err
}

package githubtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// credential is what the request carried, for answers that repeat it: a client must not pass on
// what a server says without looking for its own secrets in it.
func (c *call) credential() string {
	_, secret, _ := strings.Cut(c.request.Header.Get("Authorization"), " ")
	return secret
}

// echo puts the credential into headers that clients keep.
func (c *call) echo(a answer) answer {
	h := http.Header{}
	for name, values := range a.header {
		h[name] = values
	}
	for _, name := range []string{"X-Oauth-Scopes", "X-Ratelimit-Bucket", "X-Echo"} {
		h.Set(name, c.credential())
	}
	if a.status >= 300 && a.status < 400 {
		h.Set("Location", c.server.webURL("/%s?access_token=%s", c.credential(), url.QueryEscape(c.credential())))
	}
	a.header = h
	return a
}

// echoBody puts the credential into a JSON answer, also where an address is expected.
func (c *call) echoBody(raw []byte) []byte {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return raw
	}
	if o, ok := v.(object); ok {
		o["echo"] = "you said " + c.credential()
	}
	out, err := json.Marshal(c.echoAddresses(v))
	if err != nil {
		return raw
	}
	return out
}

func (c *call) echoAddresses(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = c.echoAddresses(v[i])
		}
	case object:
		for name, member := range v {
			if text, ok := member.(string); ok && name == "html_url" {
				v[name] = text + "?access_token=" + c.credential()
			} else {
				v[name] = c.echoAddresses(member)
			}
		}
	}
	return v
}

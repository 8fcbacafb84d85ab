package githubtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Person is an author, committer or tagger.
type Person struct {
	Name  string    `json:"name"`
	Email string    `json:"email"`
	Date  time.Time `json:"date"`
}

// line is the form in git objects. The offset the date was given with is kept.
func (p Person) line() string {
	return fmt.Sprintf("%s <%s> %d %s", clean(p.Name), clean(p.Email), p.Date.Unix(), p.Date.Format("-0700"))
}

// clean removes what git does not allow in a name, and at its ends, as git itself does.
func clean(s string) string {
	s = strings.NewReplacer("\n", "", "<", "", ">", "", "\x00", "").Replace(s)
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`.,:;"\'`, r) })
}

func parsePerson(line string) Person {
	name, rest, _ := strings.Cut(line, " <")
	email, stamp, _ := strings.Cut(rest, "> ")
	seconds, _, _ := strings.Cut(stamp, " ")
	unix, _ := strconv.ParseInt(seconds, 10, 64)
	return Person{Name: name, Email: email, Date: time.Unix(unix, 0)}
}

func (p Person) json() object {
	return object{"name": p.Name, "email": p.Email, "date": stamp(p.Date)}
}

// stamp is GitHub's form of a moment.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// stampOrNull is null for a moment that has not come.
func stampOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}

// person completes what a request said about somebody with what GitHub fills in: the
// caller, and now.
func (c *call) person(said *Person) Person {
	p := Person{Name: c.login(), Email: c.login() + "@users.noreply.github.com", Date: c.server.now()}
	if said == nil {
		return p
	}
	p.Name, p.Email = clean(said.Name), clean(said.Email)
	if !said.Date.IsZero() {
		p.Date = said.Date
	}
	return p
}

package plan

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/leaks"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/internal/textfile"
)

// scan refuses text that looks as if it held a secret, without repeating it.
func scan(where, text string) error {
	if what, line := leaks.Text(text); what != "" {
		return deny(marketops.SecretSuspected, fmt.Sprintf("%s line %d looks like %s", where, line, what), "")
	}
	return nil
}

// scanPublication looks through every text that marketops.yaml itself gives.
func scanPublication(p Publication) error {
	texts := []string{
		p.Repository, p.Tag, p.Target, p.Branch, p.Name, p.Notes, p.Message, p.Base, p.Head, p.Title, p.Body,
	}
	for _, a := range p.Assets {
		texts = append(texts, a.Pattern, a.File, a.Name)
	}
	if p.Tagger != nil {
		texts = append(texts, p.Tagger.Name, p.Tagger.Email)
	}
	for _, c := range p.Changes {
		texts = append(texts, c.Path, c.File)
	}
	for _, t := range texts {
		if err := scan("the publication's own text", t); err != nil {
			return err
		}
	}
	return nil
}

// readText reads a text file of the configuration's folder, of at most so many characters, and drops one newline at its
// end, which editors add and GitHub would show as nothing.
func readText(root *os.Root, what, name string, limit int) (string, error) {
	f, _, err := regular.Open(root, plain(name))
	if err != nil {
		return "", unreadable(name, err)
	}
	defer f.Close()
	most := 4*limit + 1 // bytes: four for each character, and a newline
	data, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return "", unreadable(name, err)
	}
	var saved *textfile.Error
	if errors.As(textfile.Check(data), &saved) {
		return "", deny(marketops.NameUnsafe, fmt.Sprintf("%s %q: %s", what, name, saved.Found), textfile.Advice)
	}
	text := trimOnce(string(data))
	if len(data) > most || utf8.RuneCountInString(text) > limit {
		return "", deny(marketops.NameUnsafe, fmt.Sprintf("%q is longer than %d characters", name, limit),
			fmt.Sprintf("shorten it: GitHub takes %d, and the marker that ties the text to its operation needs the others", limit+marketops.MarkerLen))
	}
	if err := scan(fmt.Sprintf("%q", name), text); err != nil {
		return "", err
	}
	if err := marketops.ValidateText(fmt.Sprintf("%s %q", what, name), text, limit); err != nil {
		return "", err
	}
	return text, nil
}

func trimOnce(text string) string { return strings.TrimSuffix(text, "\n") }

func unreadable(name string, err error) error {
	remedy := fmt.Sprintf("make sure that %q is a readable file in the folder of marketops.yaml", name)
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return deny(marketops.SourceUnreadable, fmt.Sprintf("%q: %v", name, err), remedy)
}

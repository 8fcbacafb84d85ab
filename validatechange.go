package marketops

import (
	"fmt"
	"strings"
	"unicode"
)

// validate refuses what no change set is. The ids of git have the length of that of the base.
func (c *ChangeSet) validate(idLength int) error {
	if len(c.Changes) == 0 || len(c.Changes) > MaxAssets {
		return Refuse(OperationMismatch, fmt.Sprintf("%d changes, want 1 to %d", len(c.Changes), MaxAssets))
	}
	if err := ValidateText("commit message", c.Message, MaxMessage); err != nil {
		return err
	}
	for i, ch := range c.Changes {
		if err := ch.validate(idLength); err != nil {
			return err
		}
		if i > 0 && c.Changes[i-1].Path >= ch.Path {
			return Refuse(NameUnsafe, fmt.Sprintf("path %.200q is twice there or out of order", ch.Path))
		}
	}
	if err := validatePaths(c.Changes); err != nil {
		return err
	}
	if !isID(c.BaseTree, idLength) || !isID(c.Tree, idLength) {
		return Refuse(OperationMismatch, "base_tree and tree must be full object ids, as long as that of the base")
	}
	if c.BaseTree == c.Tree {
		return Refuse(OperationMismatch, "the change set changes nothing: every file is in the base already, with its mode")
	}
	return c.Author.validate("author")
}

func isID(s string, length int) bool { return FullSHA(s) && len(s) == length }

func (c Change) validate(idLength int) error {
	if err := ValidatePath(c.Path); err != nil {
		return err
	}
	if !isMode(c.Mode) || c.SHA256.IsZero() || c.Size < 0 || c.Size > MaxAssetSize {
		return Refuse(AssetUnsafe, fmt.Sprintf("change %.200q: mode, size or digest is not usable", c.Path))
	}
	if b := c.Before; !isID(c.Blob, idLength) || b != nil && (!isMode(b.Mode) || !isID(b.Blob, idLength)) {
		return Refuse(OperationMismatch, fmt.Sprintf("change %.200q: blob or before is not what git has", c.Path))
	}
	return nil
}

func isMode(m string) bool { return m == "100644" || m == "100755" }

// ValidatePath refuses what is no path of a file in a repository, and what one of the systems on which people
// check it out would take for git's own folder. The code is [NameUnsafe].
func ValidatePath(path string) error {
	for _, part := range strings.Split(path, "/") {
		if part == "" || part == "." || part == ".." || isGitFolder(part) {
			return Refuse(NameUnsafe, fmt.Sprintf("path %.200q is not a clean relative path: %.80q is no name for a file of a repository", path, part))
		}
	}
	if strings.Contains(path, "\\") {
		return Refuse(NameUnsafe, fmt.Sprintf("path %.200q has a backslash, which Windows takes for a slash", path))
	}
	return ValidateLine("path", path)
}

// isGitFolder reports whether a name is .git to any system: in any case; to Windows with spaces and dots at its end,
// before a colon, or by its short name; to macOS with characters between that it does not compare.
func isGitFolder(name string) bool {
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	name, _, _ = strings.Cut(name, ":")
	name = strings.TrimRight(name, " .")
	return strings.EqualFold(name, ".git") || strings.EqualFold(name, "git~1")
}

// validatePaths refuses a file at the place of a folder of another, and two names of one folder that a system
// without letter case would take for one.
func validatePaths(changes []Change) error {
	files, spelt := map[string]bool{}, map[string]string{}
	for _, c := range changes {
		files[c.Path] = true
	}
	for _, c := range changes {
		for at := c.Path; ; {
			low := foldCase(at)
			if other, ok := spelt[low]; ok && other != at {
				return Refuse(NameUnsafe, fmt.Sprintf("paths %.200q and %.200q differ in letter case only; some file systems take them for one", other, at))
			}
			spelt[low] = at
			slash := strings.LastIndexByte(at, '/')
			if slash < 0 {
				break
			}
			if at = at[:slash]; files[at] {
				return Refuse(NameUnsafe, fmt.Sprintf("%.200q is a file of the change set, and the folder of %.200q", at, c.Path))
			}
		}
	}
	return nil
}

// foldCase gives one spelling to all that differ in letter case.
func foldCase(s string) string { return strings.ToLower(strings.ToUpper(s)) }

package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

const repoUsage = `usage: serve repo ACTION --admin URL|FILE ARGUMENTS

  add    OWNER/NAME[,private][,archived][,immutable][,id=N]
  commit OWNER/NAME [--branch B] [--message M] [MODE:]PATH=CONTENT … [-PATH …]   prints the commit's id; -PATH deletes
  orphan OWNER/NAME --branch B [--message M] PATH=CONTENT …   the same, of a branch that has nothing in common with others
  tag    [--message M] OWNER/NAME TAG SHA   makes an annotated tag, or moves it, and prints the id of its object
  ref    OWNER/NAME REF [SHA]     prints, sets or, for the SHA "-", deletes a full ref name
  rename OWNER/NAME OWNER/NAME    the old name redirects
  set    OWNER/NAME private|archived|disabled|immutable|heavy|truncated on|off
         heavy: a page of releases with two files or more is not made in time; truncated: trees with more than one member are cut off

None of this is a request or an effect: it happens behind the publisher's back.
`

func repoCommand(ctx context.Context, args []string, io streams) error {
	f := newFlags("repo", repoUsage, io)
	admin := adminFlag(f)
	branch := f.String("branch", "main", "branch of a commit; made at main's tip if it is new")
	message := f.String("message", "Change\n", "message of a commit")
	if len(args) == 0 {
		return misuse(f, io, "which action?")
	}
	action := args[0]
	if strings.HasPrefix(action, "-") {
		return first(parse(f, args), errUsage)
	}
	if err := parse(f, args[1:]); err != nil {
		return err
	}
	order := repoOrder{Branch: *branch, Message: *message}
	if f.NArg() == 0 || !order.fill(action, f.Args()) {
		return misuse(f, io, "repo %s does not take these arguments: %q", action, f.Args())
	}
	var out string
	if err := ask(ctx, *admin, http.MethodPost, "/repo/"+action, order, &out); err != nil {
		return err
	}
	fmt.Fprintln(io.out, out)
	return nil
}

// fill takes the arguments of an action and reports whether they make sense.
func (o *repoOrder) fill(action string, args []string) bool {
	o.Repo = args[0]
	rest := args[1:]
	switch action {
	case "add":
		return len(rest) == 0
	case "commit", "orphan":
		return o.fillFiles(rest)
	case "ref":
		o.Ref, o.SHA = at(rest, 0), at(rest, 1)
		return len(rest) == 1 || len(rest) == 2
	case "tag":
		o.Ref, o.SHA = at(rest, 0), at(rest, 1)
		return len(rest) == 2
	case "rename":
		o.NewName = at(rest, 0)
		return len(rest) == 1
	case "set":
		o.Setting, o.On = at(rest, 0), at(rest, 1) == "on"
		return len(rest) == 2 && (rest[1] == "on" || rest[1] == "off")
	}
	return false
}

func (o *repoOrder) fillFiles(args []string) bool {
	o.Files, o.Modes = map[string]string{}, map[string]string{}
	for _, arg := range args {
		if path, deleted := strings.CutPrefix(arg, "-"); deleted {
			o.Delete = append(o.Delete, path)
			continue
		}
		path, content, found := strings.Cut(arg, "=")
		if !found {
			return false
		}
		if mode, rest, has := strings.Cut(path, ":"); has && len(mode) == 6 {
			o.Modes[rest], path = mode, rest
		}
		o.Files[path] = content
	}
	return true
}

func at(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

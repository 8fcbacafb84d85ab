package logworld

import (
	"maps"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
)

// This file is about a plan whose second operation comes after its first.

func init() { maps.Copy(Stories, ordered) }

// pair authorises two operations, the second after the first.
func (w *World) pair() (first, second Life) {
	w.Ops = append(w.Ops, Release(w.Ops[0].Tag.Name+"-more"))
	w.After = map[int][]int{1: {0}}
	first = w.Allow()
	second = first
	second.Receipt = w.Authorize(1, first.Submission, first.First, first.Other)
	return first, second
}

func (w *World) publish(l Life) { w.Finish(w.announce(l).Intent, Publisher) }

// fail ends a receipt without effects.
func (w *World) fail(l Life) {
	w.end(w.announce(l), func(o *receipt.Outcome) {
		o.Status, o.Code = "failed", marketops.GitHubDenied
		setEffects(o, "absent")
	})
}

func (w *World) unknown(l Life) Entry {
	return w.end(w.announce(l), func(o *receipt.Outcome) {
		o.Status, o.Code = "unknown", marketops.OutcomeUnknown
		setEffects(o, "unknown")
	})
}

// ordered are such runs as they may be.
var ordered = map[string]func(*World){
	"one operation after the other": func(w *World) {
		first, second := w.pair()
		w.publish(first)
		w.publish(second)
		w.Close()
	},
	"after an operation that succeeded under its second receipt": func(w *World) {
		first, second := w.pair()
		w.fail(first)
		first.Receipt = w.Authorize(0, first.Submission, first.First, first.Other)
		w.publish(first)
		w.publish(second)
		w.Close()
	},
	"after an operation that was resolved as success": func(w *World) {
		first, second := w.pair()
		Resolve(w, w.unknown(first), Alice)
		w.publish(second)
		w.Close()
	},
	"what waits is never claimed": func(w *World) {
		first, _ := w.pair()
		w.fail(first)
	},
}

// orders are attacks on what a plan puts first.
var orders = []Attack{
	{"claimed before its prerequisite succeeded", Codes{"prerequisite-open"}, nil, func(w *World) {
		first, second := w.pair()
		second = w.announce(second)
		w.publish(first)
		w.Finish(second.Intent, Publisher)
	}},
	{"claimed between claim and success of its prerequisite", Codes{"prerequisite-open"}, nil, func(w *World) {
		first, second := w.pair()
		first = w.announce(first)
		second = w.announce(second)
		w.Finish(first.Intent, Publisher)
		w.Finish(second.Intent, Publisher)
	}},
	{"published without its prerequisite", Codes{"prerequisite-open"}, nil, func(w *World) {
		_, second := w.pair()
		w.publish(second)
		w.Close()
	}},
	{"published after its prerequisite failed", Codes{"prerequisite-open"}, nil, func(w *World) {
		first, second := w.pair()
		w.fail(first)
		w.publish(second)
		w.Close()
	}},
	{"published while the outcome of its prerequisite was unknown", Codes{"prerequisite-open"}, nil, func(w *World) {
		first, second := w.pair()
		out := w.unknown(first)
		w.publish(second)
		Resolve(w, out, Alice)
	}},
	{"published after its prerequisite was resolved as failed", Codes{"prerequisite-open"}, nil, func(w *World) {
		first, second := w.pair()
		w.Edit["resolution"] = func(b receipt.Body) { b.(*receipt.Resolution).Verdict = "failed" }
		Resolve(w, w.unknown(first), Alice)
		w.publish(second)
		w.Close()
	}},
}

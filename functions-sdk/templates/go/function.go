// Gives readings below raw/ on below another topic, and drops those that say the same as the one before.
package main

import (
	"bytes"
	"strings"

	"example.com/NAME/hpmq"
)

func forward(message hpmq.Message, context hpmq.Context, out *hpmq.Messages) bool {
	if context.HasPrevious && bytes.Equal(context.Previous, message.Payload) {
		return true
	}
	if rest, isRaw := strings.CutPrefix(message.Topic, "raw/"); isRaw {
		message.Topic = hpmq.ConfigText("prefix", "clean") + "/" + rest
	}
	out.Add(message)
	return true
}

//go:wasmexport on_message
func onMessage(pointer, length uint32) uint64 { return hpmq.OnMessage(pointer, length, forward) }

func main() {}

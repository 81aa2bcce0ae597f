// Every hook of the Go SDK; test/support/sdk-contract.ts says what it gives.
package main

import (
	"bytes"
	"strconv"

	"example.com/sdk/hpmq"
)

// What a function adds to properties is added to a copy.
var added []byte

func message(in hpmq.Message, context hpmq.Context, out *hpmq.Messages) bool {
	added = append(in.Properties, "and something beside."...)
	if context.HasPrevious && bytes.Equal(context.Previous, in.Payload) {
		return true
	}
	one := in
	one.Payload = []byte(`{"f":` + strconv.FormatFloat(hpmq.ConfigNumber("factor", 1.5), 'g', -1, 64) + `}`)
	out.Add(one)
	out.Add(in)
	return true
}

//go:wasmexport on_message
func onMessage(pointer, length uint32) uint64 { return hpmq.OnMessage(pointer, length, message) }

//go:wasmexport on_decode
func onDecode(pointer, length uint32) uint64 {
	return hpmq.OnDecode(pointer, length, func(_ string, frame []byte, out *hpmq.Points) bool {
		out.Add("w", float64(frame[0])*0.5)
		out.Add("x", hpmq.Bad("overload"))
		return true
	})
}

//go:wasmexport on_encode
func onEncode(pointer, length uint32) uint64 {
	return hpmq.OnEncode(pointer, length, func(_, point string, value any, out *hpmq.Frames) bool {
		if _, isNumber := value.(float64); !isNumber {
			return false
		}
		if point == "many" {
			for range 65_536 {
				out.Add(nil)
			}
		}
		out.Add([]byte(point))
		return true
	})
}

//go:wasmexport on_connect
func onConnect(pointer, length uint32) uint64 {
	return hpmq.OnConnect(pointer, length, func(request map[string][]byte) (hpmq.Decision, string) {
		if string(request["userName"]) == "bob" {
			return hpmq.Allow, "by name"
		}
		return hpmq.Deny, "by name"
	})
}

func tick(now int64, out *hpmq.Messages) bool {
	out.Add(hpmq.Message{Topic: "t", Payload: strconv.AppendInt(nil, now, 10)})
	return true
}

//go:wasmexport on_timer
func onTimer(pointer, length uint32) uint64 { return hpmq.OnTime(pointer, length, tick) }

//go:wasmexport on_start
func onStart(pointer, length uint32) uint64 { return hpmq.OnTime(pointer, length, tick) }

func main() {}

// Package hpmq is what functions for HPMQ in Go are made with: ABI hpmq-fn/1.
//
// A function is a package main with hooks, each exported under its name and handed on to the function here:
//
//	//go:wasmexport on_message
//	func onMessage(pointer, length uint32) uint64 { return hpmq.OnMessage(pointer, length, forward) }
//
// It is built with GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared. What a hook was given and what it gives are Go's own
// values, which may be kept. A panic is a trap: the function begins again as it was started; what has to outlive that belongs
// in kv. Only what is called is imported, and has to be granted.
package hpmq

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"unsafe"
)

// ErrOver says that a quota or limit is reached, or that the configuration does not allow it.
var ErrOver = errors.New("hpmq: refused")

var order = binary.LittleEndian

// What the gateway holds pointers to.
var held = map[uint32][]byte{}

func hold(bytes []byte) uint32 {
	pointer := address(bytes)
	held[pointer] = bytes
	return pointer
}

func taken(pointer, length uint32) []byte {
	bytes := held[pointer]
	delete(held, pointer)
	return bytes[:length]
}

func address(bytes []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(bytes)))) }

func packed(bytes []byte) uint64 {
	return uint64(hold(bytes))<<32 | uint64(len(bytes))
}

func unpacked(answer uint64) ([]byte, bool) {
	if answer == 0 {
		return nil, false
	}
	return taken(uint32(answer>>32), uint32(answer)), true
}

//go:wasmexport hpmq_abi
func abi() uint32 { return 1 }

//go:wasmexport hpmq_alloc
func allocate(length uint32) uint32 { return hold(make([]byte, max(length, 1))) }

//go:wasmexport hpmq_free
func free(pointer, _ uint32) { delete(held, pointer) }

//go:wasmimport hpmq log
func hostLog(level uint32, text unsafe.Pointer, length uint32)

//go:wasmimport hpmq now
func hostNow() int64

//go:wasmimport hpmq config
func hostConfig(key unsafe.Pointer, length uint32) uint64

//go:wasmimport hpmq kv_get
func hostKvGet(key unsafe.Pointer, length uint32) uint64

//go:wasmimport hpmq kv_set
func hostKvSet(key unsafe.Pointer, keyLength uint32, value unsafe.Pointer, length uint32) int32

//go:wasmimport hpmq kv_delete
func hostKvDelete(key unsafe.Pointer, length uint32) int32

//go:wasmimport hpmq publish
func hostPublish(record unsafe.Pointer, length uint32) int32

//go:wasmimport hpmq point_read
func hostPointRead(name unsafe.Pointer, length uint32) uint64

//go:wasmimport hpmq point_command
func hostPointCommand(name unsafe.Pointer, nameLength uint32, value unsafe.Pointer, length uint32) int32

func ofText(text string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(text)) }

func ofBytes(bytes []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(bytes)) }

// Log writes a line to the log of the function.
func Log(text string) { hostLog(1, ofText(text), uint32(len(text))) }

// LogError writes a line that people should see.
func LogError(text string) { hostLog(3, ofText(text), uint32(len(text))) }

// Now is the time of the gateway, Unix ms.
func Now() int64 { return hostNow() }

// Config gives the JSON text of what the configuration says. False: it says nothing.
func Config(key string) ([]byte, bool) { return unpacked(hostConfig(ofText(key), uint32(len(key)))) }

// ConfigText gives a text of the configuration, or another one where there is none.
func ConfigText(key, otherwise string) string {
	json, _ := Config(key)
	if text, err := strconv.Unquote(string(json)); err == nil {
		return text
	}
	return otherwise
}

// ConfigNumber gives a number of the configuration, or another one where there is none.
func ConfigNumber(key string, otherwise float64) float64 {
	json, _ := Config(key)
	if number, err := strconv.ParseFloat(string(json), 64); err == nil {
		return number
	}
	return otherwise
}

// KvGet gives the value of a key. False: there is none.
func KvGet(key string) ([]byte, bool) { return unpacked(hostKvGet(ofText(key), uint32(len(key)))) }

// KvSet keeps a value, also over a start of the gateway. ErrOver: over the quota.
func KvSet(key string, value []byte) error {
	return refused(hostKvSet(ofText(key), uint32(len(key)), ofBytes(value), uint32(len(value))))
}

// KvDelete forgets a key.
func KvDelete(key string) { hostKvDelete(ofText(key), uint32(len(key))) }

// Publish sends a message beside what a hook gives. ErrOver: its topic is not granted, or it is over a limit.
func Publish(message Message) error {
	record := message.record(nil)
	return refused(hostPublish(ofBytes(record), uint32(len(record))))
}

// PointRead gives the JSON text of a point, {"v":…,"q":…,"t":…,"u":…}. False: there is none, or it is not granted.
func PointRead(name string) ([]byte, bool) {
	return unpacked(hostPointRead(ofText(name), uint32(len(name))))
}

// PointCommand begins to write a point: a number, true, false, or a text in quotation marks. ErrOver: it is refused.
func PointCommand(name, json string) error {
	return refused(hostPointCommand(ofText(name), uint32(len(name)), ofText(json), uint32(len(json))))
}

func refused(code int32) error {
	if code == 0 {
		return nil
	}
	return ErrOver
}

// Message is what goes through the gateway.
type Message struct {
	QoS     byte
	Retain  bool
	Topic   string
	Payload []byte
	// Properties of MQTT 5 as they came, to be handed on; nil: none.
	Properties []byte
}

// Where a message comes from.
const (
	Upstream     = 0
	Downstream   = 1
	Subscription = 2
)

// Context is what is known beside a message.
type Context struct {
	// Origin says who sent it: client:line-3.
	Origin string
	// Previous is the payload that the function saw last on this topic.
	Previous    []byte
	HasPrevious bool
	Direction   byte
}

func (message Message) record(to []byte) []byte {
	flags := message.QoS & 3
	if message.Retain {
		flags |= 4
	}
	to = putText(append(to, flags), message.Topic)
	to = putLong(to, message.Payload)
	if message.Properties == nil {
		return append(to, 0, 0)
	}
	return append(to, message.Properties...)
}

func putText(to []byte, text string) []byte {
	if len(text) > math.MaxUint16 {
		panic("a text of more than 65535 bytes")
	}
	return append(order.AppendUint16(to, uint16(len(text))), text...)
}

func putLong(to, bytes []byte) []byte {
	return append(order.AppendUint32(to, uint32(len(bytes))), bytes...)
}

type reader struct{ rest []byte }

func (from *reader) bytes(length uint32) []byte {
	bytes := from.rest[:length:length]
	from.rest = from.rest[length:]
	return bytes
}

func (from *reader) u8() byte     { return from.bytes(1)[0] }
func (from *reader) u16() uint16  { return order.Uint16(from.bytes(2)) }
func (from *reader) u32() uint32  { return order.Uint32(from.bytes(4)) }
func (from *reader) u64() uint64  { return order.Uint64(from.bytes(8)) }
func (from *reader) text() string { return string(from.bytes(uint32(from.u16()))) }
func (from *reader) long() []byte { return from.bytes(from.u32()) }

// A frame that begins with how many records are in it.
type list struct {
	bytes []byte
	count uint16
}

func (out *list) add(write func(to []byte) []byte) {
	if out.count == math.MaxUint16 {
		panic("more than 65535 records")
	}
	if out.bytes == nil {
		out.bytes = make([]byte, 2, 256)
	}
	out.bytes = write(out.bytes)
	out.count++
}

func (out *list) answer(isAnswered bool) uint64 {
	if !isAnswered {
		return math.MaxUint64
	}
	if out.count == 0 {
		return 0
	}
	order.PutUint16(out.bytes, out.count)
	return packed(out.bytes)
}

// Messages are what a hook gives.
type Messages struct{ list }

// Add gives a message.
func (out *Messages) Add(message Message) { out.add(message.record) }

// OnMessage reads the input of on_message. The hook returns false when it refuses its input.
func OnMessage(pointer, length uint32, hook func(Message, Context, *Messages) bool) uint64 {
	from := reader{taken(pointer, length)}
	flags := from.u8()
	message := Message{QoS: flags & 3, Retain: flags&4 != 0, Topic: from.text(), Payload: from.long()}
	start := from.rest
	for count := from.u16(); count > 0; count-- {
		from.u8()
		from.text()
		from.long()
	}
	length = uint32(len(start) - len(from.rest))
	message.Properties = start[:length:length]
	context := Context{Origin: from.text()}
	if size := from.u32(); size != math.MaxUint32 {
		context.Previous, context.HasPrevious = from.bytes(size), true
	}
	context.Direction = from.u8()
	var out Messages
	return out.answer(hook(message, context, &out))
}

// OnTime reads the input of on_timer and on_start: Unix ms.
func OnTime(pointer, length uint32, hook func(now int64, out *Messages) bool) uint64 {
	from := reader{taken(pointer, length)}
	var out Messages
	return out.answer(hook(int64(from.u64()), &out))
}

// Bad is the value of a point that has none, and says why.
type Bad string

// Points are what a frame is read as.
type Points struct{ list }

// Add gives a point: float64, int64, bool, string, []byte or Bad.
func (out *Points) Add(point string, value any) {
	out.add(func(to []byte) []byte { return putValue(putText(to, point), value) })
}

func putValue(to []byte, value any) []byte {
	switch one := value.(type) {
	case Bad:
		return putText(append(to, 0), string(one))
	case float64:
		return order.AppendUint64(append(to, 1), math.Float64bits(one))
	case int64:
		return order.AppendUint64(append(to, 2), uint64(one))
	case bool:
		if one {
			return append(to, 3, 1)
		}
		return append(to, 3, 0)
	case string:
		return putLong(append(to, 4), []byte(one))
	case []byte:
		return putLong(append(to, 5), one)
	}
	panic("a point is a float64, int64, bool, string, []byte or Bad")
}

func (from *reader) value() any {
	switch from.u8() {
	case 1:
		return math.Float64frombits(from.u64())
	case 2:
		return int64(from.u64())
	case 3:
		return from.u8() != 0
	case 4:
		return string(from.long())
	case 5:
		return from.long()
	}
	return Bad(from.text())
}

// OnDecode reads the input of on_decode: a frame of a device.
func OnDecode(pointer, length uint32, hook func(device string, frame []byte, out *Points) bool) uint64 {
	from := reader{taken(pointer, length)}
	var out Points
	return out.answer(hook(from.text(), from.long(), &out))
}

// Frames are what a command is sent as.
type Frames struct{ list }

// Add gives a frame.
func (out *Frames) Add(frame []byte) { out.add(func(to []byte) []byte { return putLong(to, frame) }) }

// OnEncode reads the input of on_encode: a value (as in Points.Add) for a point.
func OnEncode(pointer, length uint32, hook func(device, point string, value any, out *Frames) bool) uint64 {
	from := reader{taken(pointer, length)}
	var out Frames
	return out.answer(hook(from.text(), from.text(), from.value(), &out))
}

// Decision is what on_connect gives.
type Decision byte

// What may be decided.
const (
	NoOpinion Decision = 0
	Allow     Decision = 1
	Deny      Decision = 2
)

// OnConnect reads the input of on_connect: clientId, userName, password, listener, address, protocolVersion, certificateName.
func OnConnect(pointer, length uint32, hook func(request map[string][]byte) (Decision, string)) uint64 {
	from := reader{taken(pointer, length)}
	request := map[string][]byte{}
	for count := from.u16(); count > 0; count-- {
		key := from.text()
		request[key] = from.long()
	}
	decision, reason := hook(request)
	return packed(putText([]byte{byte(decision)}, reason))
}
